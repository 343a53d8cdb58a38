// How roles and permissions are called in plain words.

/** A role or a code such as BILLING_MANAGER as people write it: Billing Manager. */
export function title(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join(' ');
}

/** A list in a sentence: a, b and c. */
export function list(items: readonly string[], last = 'and'): string {
  if (items.length < 2) {
    return items.join('');
  }
  return `${items.slice(0, -1).join(', ')} ${last} ${items[items.length - 1]}`;
}

/** The titles that the matrix gives its permissions. */
export type Titles = ReadonlyMap<string, string>;

/**
 * A permission with what is done with it: Billing History & Settings (BILLING_HISTORY_AND_SETTINGS), or
 * API Credentials (API_CREDENTIALS, CREATE). To read is not worth a word.
 */
export function permission(titles: Titles, name: string, action = 'READ'): string {
  const inBrackets = action === 'READ' ? name : `${name}, ${action}`;
  return `${titles.get(name) ?? title(name)} (${inBrackets})`;
}

/** Who it is that does not hold something: "which Support does not hold". */
export function notHeldBy(roles: readonly string[]): string {
  switch (roles.length) {
    case 0:
      return 'which you do not hold';
    case 1:
      return `which ${title(roles[0]!)} does not hold`;
    default:
      return `which neither ${list(roles.map(title), 'nor')} holds`;
  }
}
