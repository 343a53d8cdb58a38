// What GraphiQL may keep in the browser: the theme and how the panes are laid out. What was asked, with which variables
// and headers, stays in memory and ends with the page: it may hold personal data, and headers may hold a token.

const lasting = new Set([
  'graphiql:theme',
  'graphiql:docExplorerFlex',
  'graphiql:editorFlex',
  'graphiql:secondaryEditorFlex',
]);

export type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'clear' | 'length'>;

/** A store that passes on to browser what may last, and holds the rest itself. */
export function storage(browser: Kept | null): Kept {
  const held = new Map<string, string>();
  return {
    getItem: (key) => held.get(key) ?? (lasting.has(key) ? quietly(() => browser?.getItem(key)) : undefined) ?? null,
    setItem(key, value) {
      held.set(key, value);
      if (lasting.has(key)) {
        quietly(() => browser?.setItem(key, value));
      }
    },
    removeItem(key) {
      held.delete(key);
      if (lasting.has(key)) {
        quietly(() => browser?.removeItem(key));
      }
    },
    clear() {
      held.clear();
      lasting.forEach((key) => quietly(() => browser?.removeItem(key)));
    },
    get length() {
      return held.size;
    },
  };
}

/** A browser may refuse to keep anything, which costs no more than the layout. */
function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
