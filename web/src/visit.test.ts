import { expect, it } from 'vitest';
import { examples } from './examples';
import { firstVisit, nextVisit, signedOut, type Visit } from './visit';

const support = { email: 'support@example.com', roles: ['SUPPORT'] };
const owner = { email: 'owner@example.com', roles: ['OWNER'] };
const examplesOf = {
  guest: ['PermissionMatrix', 'WhoAmI'],
  support: ['Calls', 'Alerts', 'Usage', 'Logs', 'ContactCenter'],
};
const queries = (visit: Visit) =>
  visit.tabs.map((tab) => tab.query?.match(/(?:query|mutation|subscription) (\w+)/)?.[1]);

it('begins with the examples for a guest', () => {
  expect(queries(firstVisit(null))).toEqual(['PermissionMatrix', 'WhoAmI']);
});

it('has examples for every role, and for roles together', () => {
  const roles = ['OWNER', 'ADMINISTRATOR', 'DEVELOPER', 'BILLING_MANAGER', 'SUPPORT'];
  expect(roles.map((role) => examples([role]).length)).toEqual([5, 5, 4, 3, 5]);
  expect(queries(nextVisit(firstVisit(null), { ...support, roles: ['BILLING_MANAGER', 'SUPPORT'] }))).toEqual([
    'BalanceAndInvoices',
    'PaymentMethods',
    'UsageTriggers',
    'Calls',
    'Alerts',
    'Usage',
    'Logs',
    'ContactCenter',
  ]);
});

/** Writes a tab by hand. */
function write(visit: Visit, name: string) {
  visit.shown.tabs = [
    ...visit.shown.tabs,
    { query: `query ${name} { __typename }`, variables: '{"password": "secret"}' },
  ];
}

it('keeps what a guest wrote by hand, without its headers, for who signs in', () => {
  const guest = firstVisit('Documentation Explorer');
  const header = { headers: '{"Authorization": "Bearer secret"}', response: 'what the former caller saw' };
  guest.shown.tabs = [
    ...guest.tabs,
    { query: 'query Mine { __typename }', variables: '{"a": 1}', ...header },
    { query: ' \n', variables: null },
    { query: null },
  ];
  const visit = nextVisit(guest, support);
  expect(visit.tabs.at(-1)).toEqual({ query: 'query Mine { __typename }', variables: '{"a": 1}' });
  expect(queries(visit)).toEqual([...examplesOf.support, 'Mine']);
  expect([visit.id, visit.shown.pane]).toEqual([1, 'Documentation Explorer']);
});

it('keeps what a user wrote for them alone, when their session ends', () => {
  const visit = nextVisit(firstVisit(null), support);
  write(visit, 'Theirs');
  const guest = nextVisit(visit, null);
  expect(queries(guest)).toEqual(examplesOf.guest);
  write(guest, 'Guests');
  expect(queries(nextVisit(guest, support))).toEqual([...examplesOf.support, 'Theirs', 'Guests']);
  // A session that ends twice, or a failure to sign in, makes no difference.
  expect(queries(nextVisit(nextVisit(guest, null), support))).toEqual([...examplesOf.support, 'Theirs', 'Guests']);

  const other = nextVisit(guest, owner);
  expect(queries(other).slice(5)).toEqual(['Guests']);
  expect(queries(nextVisit(nextVisit(other, null), support))).toEqual(examplesOf.support); // it did not wait longer
});

it.each([
  ['the session ends', (visit: Visit) => nextVisit(visit, null)],
  ['they sign out', signedOut],
  ['nobody is a guest between them', (visit: Visit) => visit],
])('has nothing of one user for another, when %s', (_, leave) => {
  const visit = nextVisit(firstVisit(null), owner);
  write(visit, 'Theirs');
  expect(JSON.stringify(nextVisit(leave(visit), support))).not.toMatch(/Theirs|secret/);
});

it('has nothing left of who signs out', () => {
  const visit = nextVisit(firstVisit(null), support);
  write(visit, 'Theirs');
  const guest = signedOut(visit);
  expect(queries(guest)).toEqual(examplesOf.guest);
  expect(JSON.stringify(guest)).not.toContain('secret');
  expect(queries(nextVisit(guest, support))).toEqual(examplesOf.support);
});
