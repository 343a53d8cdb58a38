import { isInputObjectType, isObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { annotated } from './annotate';
import type { Holding } from './rules';

const sdl = `
directive @hasPermission(permission: String!, action: String! = READ) on OBJECT | FIELD_DEFINITION
type Query {
  "The call."
  call("Which one." to: String @filters(field: "Call.to") "In what order." by: String): Call @signedIn
  "The table." table: Int @public
}
"A call." type Call @hasPermission(permission: LOGS) {
  "Who was called." to: String! @personalData
  price: Int @hasPermission(permission: BILLING, action: UPDATE)
}
"What is given." input Given { "A name." name: String  "A price." price: Int @hasPermission(permission: BILLING) }
`;
const titles = new Map([
  ['LOGS', 'Product *Logs*'],
  ['PERSONAL_DATA', 'Personal data unmasked'],
]);

function notes(holding: Holding) {
  const schema = annotated(sdl, holding, titles);
  const all: Record<string, string> = {};
  for (const type of ['Query', 'Call', 'Given'].map((name) => schema.getType(name))) {
    if (isObjectType(type) || isInputObjectType(type)) {
      all[type.name] = type.description ?? '';
      for (const field of Object.values(type.getFields())) {
        all[`${type.name}.${field.name}`] = field.description ?? '';
        for (const argument of 'args' in field ? field.args : []) {
          all[`${type.name}.${field.name}(${argument.name}:)`] = argument.description ?? '';
        }
      }
    }
  }
  return all;
}

it('tells a guest to sign in', () => {
  expect(notes(null)).toEqual({
    Query: '',
    'Query.call': '***Locked: sign in with Product \\*Logs\\* (LOGS).***\\\nThe call.',
    'Query.call(to:)':
      '***Locked: sign in with Product \\*Logs\\* (LOGS) and Personal data unmasked (PERSONAL_DATA).***\\\nWhich one.',
    'Query.call(by:)': 'In what order.',
    'Query.table': '*Anyone.*\\\nThe table.',
    Call: '***Locked: sign in with Product \\*Logs\\* (LOGS).***\\\nA call.',
    'Call.to': '***Locked: sign in with Product \\*Logs\\* (LOGS).***\\\nWho was called.',
    'Call.price': '***Locked: sign in with Billing (BILLING, UPDATE).***',
    Given: 'What is given.',
    'Given.name': 'A name.',
    'Given.price': '***Locked: sign in with Billing (BILLING).***\\\nA price.',
  });
});

it('tells a caller what they lack, and what they see masked', () => {
  expect(notes(new Map([['LOGS', ['READ']]]))).toMatchObject({
    'Query.call': '*Needs Product \\*Logs\\* (LOGS).*\\\nThe call.',
    'Query.call(to:)':
      '***Locked: needs Personal data unmasked (PERSONAL_DATA), which you do not hold.***\\\nWhich one.',
    'Call.to':
      '*Needs Product \\*Logs\\* (LOGS).* **Masked: to see it whole takes Personal data unmasked (PERSONAL_DATA).**\\\nWho was called.',
    'Call.price': '***Locked: needs Billing (BILLING, UPDATE), which you do not hold.***',
  });
});
