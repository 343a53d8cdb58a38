// What is asked for. graphql() is generated: it gives each operation the types of its variables and of its answer, and
// the step that generates it fails when an operation asks for what is not in the schema of the role.
import { graphql } from "./generated/index.js";

export const VIEWER = graphql(`
  query Viewer {
    viewer {
      email
      roles
    }
  }
`);

export const API_KEYS = graphql(`
  query ApiKeys($first: Int!, $after: String) {
    account {
      apiKeys(first: $first, after: $after) {
        edges {
          node {
            id
            friendlyName
            dateCreated
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const LOGS = graphql(`
  subscription Logs {
    productLogs(kinds: [CALL]) {
      __typename
      ... on Call {
        status
      }
    }
  }
`);

export const CREATE_API_KEY = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      apiKey {
        id
      }
      secret
    }
  }
`);

export const DELETE_API_KEY = graphql(`
  mutation DeleteApiKey($id: ID!) {
    deleteApiKey(input: { id: $id }) {
      deletedApiKeyId
    }
  }
`);
