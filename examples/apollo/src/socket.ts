// A caller's WebSocket, for subscriptions.
import { createClient, type Client } from "graphql-ws";
import { SignedOut, type Caller, type Session } from "./session.js";

/**
 * Makes a client whose subscriptions are this caller's, whoever signs in later. Its socket opens with the first and
 * closes after the last.
 *
 * The gateway closes it with 4403 when a new token helps, since the old one has expired or the roles have changed:
 * graphql-ws then opens another and goes on with what is under way. What is logged in between is not told. After 4401,
 * when the session has ended, it gives up by itself.
 */
export function socketOf(session: Session, caller?: Caller): Client {
  let token: string | undefined;
  let refused = false;
  return createClient({
    url: session.url.replace(/^http/, "ws"),
    async connectionParams() {
      if (caller && token && refused) await session.refresh(caller, token).catch(unlessTemporary);
      token = caller?.accessToken;
      return token ? { Authorization: `Bearer ${token}` } : {};
    },
    on: { closed: (event) => (refused = (event as CloseEvent).code === 4403) },
  });
}

// Without a new token the old one is sent, refused again, and graphql-ws tries again after a while.
function unlessTemporary(error: unknown): void {
  if (error instanceof SignedOut) throw error;
}
