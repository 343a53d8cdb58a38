// Operations to begin with, fit for what each role may do. Each is a file, and a Go test runs them all.

const files = import.meta.glob<string>('./examples/*/*.graphql', { query: '?raw', import: 'default', eager: true });

/** The tabs for a caller with these roles; for a guest, who has none. */
export function examples(roles: readonly string[]): { query: string }[] {
  const folders =
    roles.length > 0 ? roles.map((role) => (role === 'ADMINISTRATOR' ? 'owner' : role.toLowerCase())) : ['guest'];
  return folders.flatMap((folder) =>
    Object.keys(files)
      .filter((name) => name.startsWith(`./examples/${folder}/`))
      .sort()
      .map((name) => ({ query: files[name]! })),
  );
}

const known = new Set(Object.values(files).map((query) => query.trim()));

/** Whether an operation is one of these, rather than written by somebody. */
export function isExample(query: string): boolean {
  return known.has(query.trim());
}
