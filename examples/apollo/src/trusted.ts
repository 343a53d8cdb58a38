// Trusted documents: a gateway that runs what the manifest lists, by its ids, and nothing else.
import { readFileSync } from "node:fs";
import { gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { createClient } from "./client.js";
import { check, password, step, url, wire } from "./demo.js";
import * as operations from "./operations.js";
import { Session } from "./session.js";

// A front end imports it: `loadManifest: () => import("../persisted-query-manifest.json")`.
const loadManifest = () => JSON.parse(readFileSync("persisted-query-manifest.json", "utf8"));

step("Sign in, by a document that is listed too");
const session = new Session(url);
await session.signIn("developer@example.com", password);
const client = createClient(session, new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest })));

step("Run what is listed");
const { data } = await client.query({ query: operations.API_KEYS, variables: { first: 2 } });
check("by its id", [data?.account.apiKeys?.edges.length, wire], [2, ["200 ApiKeys"]]);

step("Run what is not");
const { error } = await createClient(session).query({ query: gql`query Mine { viewer { sid } }` });
check("it is refused", error?.message, "This gateway runs trusted documents only, and this is none.");
await session.signOut();
