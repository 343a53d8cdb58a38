// What the page knows of the caller and of what they ask.

import { dataOf } from './api';
import type { Holding } from './rules';
import type { Session } from './session';
import type { Titles } from './words';

export interface Viewer {
  readonly email: string;
  readonly roles: readonly string[];
}

export interface Known {
  /** Who is signed in; null for a guest. */
  readonly viewer: Viewer | null;
  readonly holding: Holding;
  readonly titles: Titles;
  /** The schema as the documentation shows it; empty when there is none to show. */
  readonly sdl: string;
  /** Two that have the same key say the same. */
  readonly key: string;
}

interface Asked {
  readonly viewer?: Viewer & { readonly permissions: readonly { permission: string; actions: string[] }[] };
  readonly permissionMatrix: readonly { permission: string; title: string }[];
}

/** Asks the gateway who the caller is, what they hold, and for the schema; a Refusal when it does not say. */
export async function learn(session: Session): Promise<Known> {
  const viewer = session.open ? 'viewer { email roles permissions { permission actions } }' : '';
  const query = `query Page { ${viewer} permissionMatrix { permission title } }`;
  const [asked, sdl] = await Promise.all([session.ask<Asked>({ query }).then(dataOf), session.schema()]);
  return {
    viewer: asked.viewer ? { email: asked.viewer.email, roles: asked.viewer.roles } : null,
    holding: asked.viewer ? new Map(asked.viewer.permissions.map((held) => [held.permission, held.actions])) : null,
    titles: new Map(asked.permissionMatrix.map((row) => [row.permission, row.title])),
    sdl,
    key: JSON.stringify([asked, sdl]),
  };
}

/** What is known of the schema, by a guest: what is left at once when somebody signs out. */
export function asGuest(known: Known): Known {
  return { ...known, viewer: null, holding: null, key: '' };
}
