import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { missing, Rules, seesPersonalData, type Holding } from './rules';
import locks from './testdata/locks.txt?raw';

const schema = import.meta.glob<string>(['../../schema.graphqls', '../../schema/*.graphqls'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const document = parse(Object.values(schema).join('\n'));
const rules = new Rules(document);

/** The lines of the golden file, which the gateway's own tests write: "support holds …", "Call.price closed to …". */
const lines = locks
  .trim()
  .split('\n')
  .map((line) => /^(\S+) (holds|closed to)(.*)$/.exec(line)!.slice(1));

const every = ['READ', 'CREATE', 'UPDATE', 'DELETE'];
const holdings = new Map<string, Holding>([['guest', null]]);
for (const [caller, verb, permissions] of lines) {
  if (verb === 'holds') {
    holdings.set(
      caller!,
      new Map(
        permissions!
          .trim()
          .split(' ')
          .map((name) => [name, every]),
      ),
    );
  }
}

/** The argument that a coordinate such as Account.calls(to:) names. */
function argument(type: string, field: string, name: string) {
  for (const node of document.definitions) {
    if ((node.kind === 'ObjectTypeDefinition' || node.kind === 'ObjectTypeExtension') && node.name.value === type) {
      const found = node.fields?.find((f) => f.name.value === field)?.arguments?.find((a) => a.name.value === name);
      if (found) {
        return found;
      }
    }
  }
  throw new Error(`no ${type}.${field}(${name}:)`);
}

function needs(coordinate: string) {
  const [, type, field, name] = /^(\w+)\.(\w+)(?:\((\w+):\))?$/.exec(coordinate)!;
  return name ? rules.input(argument(type!, field!, name)) : rules.field(type!, field!);
}

describe('the rules of the schema', () => {
  const closed = lines.filter(([, verb]) => verb === 'closed to');
  it('has coordinates and callers to compare', () => {
    expect(closed.length).toBeGreaterThan(200);
    expect(holdings.size).toBe(6);
  });
  it.each(closed.map(([coordinate, , callers]) => [coordinate!, callers!.trim()]))('%s', (coordinate, callers) => {
    const got = [...holdings]
      .filter(([, holding]) => missing(needs(coordinate), holding).length > 0)
      .map(([who]) => who);
    expect(got.sort()).toEqual(callers === '' ? [] : callers.split(' ').sort());
  });
});

describe('what the matrix as published does not show', () => {
  const held = (...permissions: string[]): Holding => new Map(permissions.map((name) => [name, ['READ']]));
  const small = new Rules(
    parse(`
    type Query { open: Int @public  bare: Int  call: Call @signedIn  node: Node @signedIn }
    interface Node { id: ID! }
    type Call implements Node @hasPermission(permission: LOGS) {
      id: ID!
      to: String @personalData
      price: Money @hasPermission(permission: BILLING, action: UPDATE)
      bill: Bill @hasPermission(permission: LOGS)
    }
    type Money @signedIn { amount: Int }
    type Bill @hasPermission(permission: BILLING) { sum: Int }
    type Ruleless { x: Int }
  `),
  );
  const args = parse(
    `type Args { f(to: Int @filters(field: "Call.to"), gone: Int @filters(field: "Call.gone"), free: Int, cost: Int @filters(field: "Call.price")): Int }`,
  ).definitions.flatMap((node) => (node.kind === 'ObjectTypeDefinition' ? (node.fields![0]!.arguments ?? []) : []));

  it.each([
    [
      'a field of a root type without a directive is open to nobody',
      small.field('Query', 'bare'),
      held('LOGS'),
      ['nobody'],
    ],
    ['a type without a directive is open to nobody', small.field('Ruleless', 'x'), held('LOGS'), ['nobody']],
    ['what is not there is open to nobody', small.field('Call', 'gone'), held('LOGS'), ['nobody']],
    ['a field of an object takes the object’s rule too', small.field('Query', 'call'), held(), ['LOGS']],
    ['an interface adds none', small.field('Query', 'node'), held(), []],
    ['and is closed to a guest', small.field('Query', 'node'), null, ['signedIn']],
    ['a field’s own rule replaces its type’s', small.field('Call', 'price'), held('LOGS'), ['BILLING']],
    ['another action is not enough', small.field('Call', 'price'), held('BILLING'), ['BILLING']],
    ['both rules where they differ', small.field('Call', 'bill'), held(), ['BILLING', 'LOGS']],
    ['a filter by personal data reads it', small.input(args[0]!), held('LOGS'), ['PERSONAL_DATA']],
    ['a filter by what is not there is open to nobody', small.input(args[1]!), held('LOGS'), ['nobody']],
    ['an argument without a directive is free', small.input(args[2]!), null, []],
    ['a filter takes the rule of the object that it looks into', small.input(args[3]!), held(), ['BILLING', 'LOGS']],
  ] as const)('%s', (_, all, holding, want) => {
    expect(missing(all, holding).map((need) => (need.kind === 'permission' ? need.permission : need.kind))).toEqual(
      want,
    );
  });

  it('masks personal data for who lacks PERSONAL_DATA', () => {
    expect([small.masked('Call', 'to'), small.masked('Call', 'price')]).toEqual([true, false]);
    expect([held('PERSONAL_DATA'), held('LOGS'), null].map(seesPersonalData)).toEqual([true, false, false]);
  });
});
