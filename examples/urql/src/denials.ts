/** What a denied field's error says of it. */
export interface Denial {
  /** The coordinate in the schema, such as `Call.price`. */
  coordinate: string;
  /** The row of the matrix that the caller's roles lack. */
  permission: string;
  /** What they would have to be allowed to do with it. */
  action: string;
}

interface FieldError {
  path?: readonly (string | number)[];
  extensions?: Record<string, unknown>;
}

/**
 * Finds in an answer's errors what was denied, by the path of the null that it explains, written with dots:
 * `account.calls.edges.0.node.price`. A null without an entry here is just a value that is not there.
 */
export function denials(errors: readonly FieldError[] = []): Map<string, Denial> {
  const found = new Map<string, Denial>();
  for (const { path, extensions } of errors) {
    if (path && extensions?.code === "FORBIDDEN") found.set(path.join("."), extensions as unknown as Denial);
  }
  return found;
}
