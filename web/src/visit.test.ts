import { expect, it } from 'vitest';
import { examples } from './examples';
import { firstVisit, nextVisit, type Visit } from './visit';

const queries = (visit: Visit) => visit.tabs.map((tab) => tab.query?.match(/(?:query|mutation) (\w+)/)?.[1]);

it('begins with the examples for a guest', () => {
  expect(queries(firstVisit(null))).toEqual(['PermissionMatrix', 'WhoAmI']);
});

it('has examples for every role, and for roles together', () => {
  const roles = ['OWNER', 'ADMINISTRATOR', 'DEVELOPER', 'BILLING_MANAGER', 'SUPPORT'];
  expect(roles.map((role) => examples([role]).length)).toEqual([3, 3, 3, 2, 3]);
  expect(queries(nextVisit(firstVisit(null), ['BILLING_MANAGER', 'SUPPORT']))).toEqual([
    'BalanceAndInvoices',
    'PaymentMethods',
    'Calls',
    'Alerts',
    'Usage',
  ]);
});

it('keeps what was written by hand, without its headers, however many come and go', () => {
  const guest = firstVisit('Documentation Explorer');
  const header = { headers: '{"Authorization": "Bearer secret"}', response: 'what the former caller saw' };
  guest.shown.tabs = [
    ...guest.tabs,
    { query: 'query Mine { __typename }', variables: '{"a": 1}', ...header },
    { query: ' \n', variables: null },
    { query: null },
  ];
  const support = nextVisit(guest, ['SUPPORT']);
  const guestAgain = nextVisit(support, []);
  expect(guestAgain.tabs.at(-1)).toEqual({ query: 'query Mine { __typename }', variables: '{"a": 1}' });
  expect(queries(guestAgain)).toEqual(['PermissionMatrix', 'WhoAmI', 'Mine']);
  expect([guestAgain.id, guestAgain.shown.pane]).toEqual([2, 'Documentation Explorer']);
});
