// A developer of the demo account at work with Relay, while the owner changes their roles.
import { commitMutation, fetchQuery, graphql, requestSubscription, type Environment } from "relay-runtime";
import WebSocket from "ws";
import type { mainLogsSubscription } from "./__generated__/mainLogsSubscription.graphql";
import type { mainSetUserRolesMutation, Role } from "./__generated__/mainSetUserRolesMutation.graphql";
import type { mainUserQuery } from "./__generated__/mainUserQuery.graphql";
import type { mainViewerQuery } from "./__generated__/mainViewerQuery.graphql";
import { App } from "./App";
import { check, inbox, password, step, url, wire } from "./demo";
import { lacking, type FieldError } from "./denied";
import { createEnvironment } from "./environment";
import { open } from "./page";
import { Session } from "./session";

const VIEWER = graphql`
  query mainViewerQuery {
    viewer @catch {
      roles
    }
  }
`;
const USER = graphql`
  query mainUserQuery($email: String!) {
    account {
      users(first: 1, email: $email) {
        edges {
          node {
            id
          }
        }
      }
    }
  }
`;
const SET_USER_ROLES = graphql`
  mutation mainSetUserRolesMutation($userId: ID!, $roles: [Role!]!) {
    setUserRoles(input: { userId: $userId, roles: $roles }) {
      user {
        id
        roles
      }
    }
  }
`;

const LOGS = graphql`
  subscription mainLogsSubscription {
    productLogs(kinds: [CALL]) {
      __typename
      ... on Call {
        price @catch {
          amount
          currency
        }
      }
    }
  }
`;

Object.assign(globalThis, { WebSocket }); // as browsers have it, and Node from 22 on

async function main() {
  step("Sign in");
  const session = new Session(url);
  const environment = createEnvironment(session);
  await session.signIn("developer@example.com", password);
  const page = await open(environment, <App />);
  check("the page is the developer's", await page.shows(1, "h1"), ["developer@example.com: DEVELOPER"]);

  step("Query a list, page by page");
  check("the first page has two keys", page.texts("ol li").length, 2);
  page.click("More");
  check("the second page is joined to it", (await page.shows(4, "ol li")).length, 4);

  step("Be denied fields of Billing");
  check("the rest of the answer is there, and what is denied says so by @catch", page.texts("ul li"), [
    "COMPLETED: price needs BILLING_HISTORY_AND_SETTINGS",
    "COMPLETED: price needs BILLING_HISTORY_AND_SETTINGS",
  ]);
  check("also the balance", page.texts("p"), ["Balance: needs BILLING_HISTORY_AND_SETTINGS"]);

  const follow = () => {
    const logs = inbox<mainLogsSubscription["response"]["productLogs"] | CloseEvent>();
    const subscription = requestSubscription<mainLogsSubscription>(environment, {
      subscription: LOGS,
      variables: {},
      onNext: (log) => log && logs.put(log.productLogs),
      onError: (reason) => logs.put(reason as unknown as CloseEvent),
    });
    return { next: logs.next, stop: () => subscription.dispose() };
  };

  step("The owner signs in, and makes the developer one of support");
  const owner = new Session(url);
  const asOwner = createEnvironment(owner);
  await owner.signIn("owner@example.com", password);
  const found = await fetchQuery<mainUserQuery>(asOwner, USER, { email: "developer@example.com" }).toPromise();
  const userId = found?.account?.users?.edges[0]?.node.id ?? "";
  const setRoles = (by: Environment, ...roles: Role[]) =>
    new Promise<void>((resolve, reject) => {
      commitMutation<mainSetUserRolesMutation>(by, {
        mutation: SET_USER_ROLES,
        variables: { userId, roles },
        onCompleted: () => resolve(),
        onError: reject,
      });
    });
  await setRoles(asOwner, "SUPPORT");
  try {
    step("Refresh once, for two requests that are answered with 401");
    page.click("Reload");
    await fetchQuery<mainViewerQuery>(environment, VIEWER, {}).toPromise();
    await page.shows(0, "ol li");
    check("each was sent again after the one refresh", [...wire].sort(), [
      "200 AppQuery",
      "200 RefreshSession",
      "200 mainViewerQuery",
      "401 AppQuery",
      "401 mainViewerQuery",
    ]);
    check("the new token holds the new roles", page.texts("h1"), ["developer@example.com: SUPPORT"]);
    check("the list is denied, and @throwOnFieldError has its error boundary say so", page.texts("p"), [
      "Balance: needs BILLING_HISTORY_AND_SETTINGS",
      "API keys: needs API_CREDENTIALS",
    ]);

    step("Follow the logs over a WebSocket");
    const logs = follow();
    const log = await logs.next();
    const call = log && "price" in log ? log : undefined;
    check("what is logged comes by itself", call?.__typename, "Call");
    check("its price is denied to one of support", call?.price?.ok === false && lacking(...call.price.errors), "BILLING_HISTORY_AND_SETTINGS");
    await setRoles(asOwner, "DEVELOPER");
    while (!wire.includes("200 RefreshSession")) await logs.next(); // what had come before
    const next = await logs.next();
    check("when the roles change it goes on with a new token", next && "price" in next, true);
    logs.stop();
  } finally {
    await setRoles(asOwner, "DEVELOPER");
  }

  step("Make an API key, and delete it");
  page.click("Reload");
  await page.shows(2, "ol li");
  page.click("Create");
  check("its secret is shown, this once", (await page.shows(1, "code"))[0]?.length, 32);
  check("it is at the head of the list, without asking again", page.texts("ol li")[0], "Relay example Delete Relay example");
  page.click("Delete Relay example");
  await page.shows(2, "ol li");
  check("and is gone from it", page.texts("ol li").includes("Relay example Delete Relay example"), false);

  step("Be denied a mutation");
  const refused = await setRoles(environment, "ADMINISTRATOR").catch((error) => error);
  check("it fails", (refused.source.errors as FieldError[])[0]?.extensions?.coordinate, "Mutation.setUserRoles");
  check("and nothing of it was done", wire, ["403 mainSetUserRolesMutation"]);
  page.close();

  step("Sign out");
  const logs = follow();
  await logs.next();
  await session.signOut();
  let last = await logs.next();
  while (!last || !("code" in last)) last = await logs.next(); // what had come before
  check("which ends what is followed, for good", last.code, 4401);
  const guest = await fetchQuery<mainViewerQuery>(createEnvironment(session), VIEWER, {}).toPromise();
  const errors = guest && !guest.viewer.ok ? (guest.viewer.errors as FieldError[]) : [];
  check("the next request is a guest's", errors[0]?.extensions?.code, "UNAUTHENTICATED");
  await owner.signOut();
}

main().then(
  () => process.exit(0), // without waiting for Relay, which holds what was rendered for some minutes
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
