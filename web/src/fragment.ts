/**
 * Takes a value out of the address's fragment, #name=value, which browsers send to no server, and takes the fragment
 * out of the address bar and the history. "" when there is none.
 */
export function fragment(name: string): string {
  const value = new URLSearchParams(window.location.hash.slice(1)).get(name) ?? '';
  if (window.location.hash) {
    history.replaceState(null, '', window.location.pathname + window.location.search);
  }
  return value;
}
