import { describe, expect, it } from 'vitest';
import type { Answer } from './api';
import { answerIn, remarks, type Asker } from './remarks';

const titles = new Map([
  ['BILLING', 'Billing History & Settings'],
  ['KEYS', 'API Credentials'],
  ['PERSONAL_DATA', 'Personal data unmasked'],
]);

function price(...path: (string | number)[]) {
  return {
    message: 'Call.price needs the permission BILLING (READ).',
    path,
    extensions: { code: 'FORBIDDEN', coordinate: 'Call.price', permission: 'BILLING', action: 'READ' },
  };
}

const support = ['SUPPORT'];
const rows: [string, Asker, Answer, string[]][] = [
  ['an answer in full', support, { data: { a: 1 } }, []],
  [
    'one place',
    support,
    { data: {}, errors: [price('calls', 0, 'price')] },
    [
      'Left out: calls → 0 → price was left out: it needs Billing History & Settings (BILLING), which Support does not hold.',
    ],
  ],
  [
    'no data at all, of something that ran',
    support,
    { data: null, errors: [price('call', 'price')] },
    [
      'Left out: call → price was left out: it needs Billing History & Settings (BILLING), which Support does not hold.',
    ],
  ],
  [
    'many places of one selection, and one of another',
    ['DEVELOPER', 'SUPPORT'],
    { data: {}, errors: [price('calls', 0, 'price'), price('call', 'price'), price('calls', 1, 'price')] },
    [
      'Left out: calls → price was left out in 2 places: it needs Billing History & Settings (BILLING), which neither Developer nor Support holds.',
      'Left out: call → price was left out: it needs Billing History & Settings (BILLING), which neither Developer nor Support holds.',
    ],
  ],
  [
    'listed by selection',
    support,
    {
      data: {},
      errors: [
        {
          message: '',
          extensions: {
            code: 'FORBIDDEN',
            coordinate: 'Call.price',
            permission: 'BILLING',
            action: 'READ',
            selection: ['calls', '@', 'price'],
            count: 3,
          },
        },
      ],
    },
    [
      'Left out: calls → price was left out in 3 places: it needs Billing History & Settings (BILLING), which Support does not hold.',
    ],
  ],
  [
    'listed outside of errors',
    support,
    {
      data: {},
      extensions: {
        denied: [
          {
            message: '',
            code: 'FORBIDDEN',
            coordinate: 'Call.price',
            permission: 'BILLING',
            action: 'READ',
            selection: ['call', 'price'],
            count: 1,
          },
        ],
      },
    },
    [
      'Left out: call → price was left out: it needs Billing History & Settings (BILLING), which Support does not hold.',
    ],
  ],
  [
    'an argument',
    support,
    {
      data: {},
      errors: [
        {
          message: '',
          path: ['calls'],
          extensions: {
            code: 'FORBIDDEN',
            coordinate: 'Account.calls(to:)',
            permission: 'PERSONAL_DATA',
            action: 'READ',
          },
        },
      ],
    },
    [
      'Left out: calls was left out: its argument to needs Personal data unmasked (PERSONAL_DATA), which Support does not hold.',
    ],
  ],
  [
    'an object by its id',
    support,
    {
      data: { node: null },
      errors: [
        {
          message: '',
          path: ['node'],
          extensions: { code: 'FORBIDDEN', coordinate: 'ApiKey', permission: 'KEYS', action: 'READ' },
        },
      ],
    },
    ['Left out: node was left out: reading ApiKey needs API Credentials (KEYS), which Support does not hold.'],
  ],
  [
    'a mutation, of which nothing is done',
    support,
    {
      errors: [
        {
          message: '',
          path: ['createApiKey'],
          extensions: { code: 'FORBIDDEN', coordinate: 'Mutation.createApiKey', permission: 'KEYS', action: 'CREATE' },
        },
      ],
    },
    ['Left out: Nothing was done: createApiKey needs API Credentials (KEYS, CREATE), which Support does not hold.'],
  ],
  [
    'a guest',
    null,
    {
      data: { viewer: null },
      errors: [
        {
          message: 'Sign in to use Query.viewer.',
          path: ['viewer'],
          extensions: { code: 'UNAUTHENTICATED', coordinate: 'Query.viewer' },
        },
      ],
    },
    ['Left out: viewer was left out: sign in to see it.'],
  ],
  [
    'a rule that is none of the matrix',
    support,
    { data: {}, errors: [{ message: 'Nobody changes the Owner’s roles.', extensions: { code: 'FORBIDDEN' } }] },
    ['Not permitted: Nobody changes the Owner’s roles.'],
  ],
  [
    'personal data',
    support,
    {
      data: {},
      extensions: {
        masked: [
          { selection: ['calls', '@', 'to'], coordinate: 'Call.to' },
          { selection: ['calls', '@', 'from'], coordinate: 'Call.from' },
        ],
      },
    },
    [
      'Masked: calls → to and calls → from are shown masked: seeing personal data whole needs Personal data unmasked (PERSONAL_DATA), which Support does not hold.',
    ],
  ],
  [
    'wrong input',
    support,
    {
      data: {},
      errors: [{ message: 'Too long.', extensions: { code: 'BAD_USER_INPUT', inputPath: ['input', 'friendlyName'] } }],
    },
    ['Wrong input: input → friendlyName: Too long.'],
  ],
  [
    'a fault of the gateway',
    support,
    {
      data: {},
      errors: [
        {
          message: 'Something went wrong.',
          path: ['account'],
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'ABC' },
        },
      ],
    },
    ['Failed: account: Something went wrong. Whoever runs the gateway finds the cause in its log under ABC.'],
  ],
];

describe('what an answer leaves out, in plain words', () => {
  it.each(rows)('%s', (_, asker, answer, want) => {
    expect(remarks(answer, asker, titles).map((remark) => `${remark.heading}: ${remark.text}`)).toEqual(want);
  });

  it.each([
    ['an answer', '{"data": null}', { data: null }],
    ['errors alone', '{"errors": []}', { errors: [] }],
    ['nothing yet', '', null],
    ['no answer', undefined, null],
    ['half of one', '{"data":', null],
    ['something else', '{"message": "x"}', null],
  ])('%s in the response pane', (_, response, want) => {
    expect(answerIn(response)).toEqual(want);
  });
});
