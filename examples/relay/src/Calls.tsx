import { graphql, useFragment } from "react-relay";
import type { Calls_account$key } from "./__generated__/Calls_account.graphql";
import { lacking } from "./denied";

/** The last calls. A price is null while it is not known, and with @catch that is not taken for a denial. */
export function Calls({ account }: { account: Calls_account$key }) {
  const { calls } = useFragment(
    graphql`
      fragment Calls_account on Account {
        calls(first: 2, status: COMPLETED) {
          edges {
            node {
              id
              status
              price @catch {
                amount
                currency
              }
            }
          }
        }
      }
    `,
    account,
  );
  return (
    <ul>
      {calls?.edges.map(({ node: { id, status, price } }) => (
        <li key={id}>
          {status}: {price.ok ? (price.value?.amount ?? "price not known yet") : `price needs ${lacking(...price.errors)}`}
        </li>
      ))}
    </ul>
  );
}
