/** A field's error as Relay hands it on; its types leave out the extensions, which are there. */
export interface FieldError {
  extensions?: { code: string; coordinate?: string; permission?: string };
}

/** Thrown by fragments with @throwOnFieldError for a field that the caller's roles do not permit. */
export class Denied extends Error {
  /** @param permission the row of the matrix that the caller's roles lack. */
  constructor(readonly permission: string) {
    super(`This needs the permission ${permission}.`);
  }
}

/** Names the permission for which a field is not shown; undefined when it failed in another way. */
export function lacking(...errors: unknown[]): string | undefined {
  return (errors as FieldError[]).find(({ extensions }) => extensions?.permission)?.extensions?.permission;
}
