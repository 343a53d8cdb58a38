// What is asked for. In a bigger application these types are generated: see ../graphql-request.
import { gql, type TypedDocumentNode } from "urql";

interface Money {
  amount: string;
  currency: string;
}

export interface ApiKeyEdge {
  cursor: string;
  node: { id: string; friendlyName: string };
}

export const VIEWER: TypedDocumentNode<{ viewer: { sid: string; email: string | null; roles: string[] } }> = gql`
  query Viewer {
    viewer {
      sid
      email
      roles
    }
  }
`;

export const API_KEYS: TypedDocumentNode<
  {
    account: {
      id: string;
      apiKeys: { edges: ApiKeyEdge[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } | null;
    };
  },
  { first: number; after?: string | null }
> = gql`
  query ApiKeys($first: Int!, $after: String) {
    account {
      id
      apiKeys(first: $first, after: $after) {
        edges {
          cursor
          node {
            id
            friendlyName
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`;

export const CALLS: TypedDocumentNode<{
  account: {
    id: string;
    balance: Money | null;
    calls: { edges: { node: { id: string; status: string; price: Money | null } }[] } | null;
  };
}> = gql`
  query Calls {
    account {
      id
      balance {
        amount
        currency
      }
      calls(first: 2, status: COMPLETED) {
        edges {
          node {
            id
            status
            price {
              amount
              currency
            }
          }
        }
      }
    }
  }
`;

export interface Logged {
  productLogs: { __typename: string; id: string; status: string; price: Money | null } | null;
}

export const LOGS: TypedDocumentNode<Logged> = gql`
  subscription Logs {
    productLogs(kinds: [CALL]) {
      __typename
      ... on Call {
        id
        status
        price {
          amount
          currency
        }
      }
    }
  }
`;

export const CREATE_API_KEY: TypedDocumentNode<
  { createApiKey: { apiKeyEdge: ApiKeyEdge; secret: string } },
  { name: string }
> = gql`
  mutation CreateApiKey($name: String!) {
    createApiKey(input: { friendlyName: $name }) {
      apiKeyEdge {
        cursor
        node {
          id
          friendlyName
        }
      }
      secret
    }
  }
`;

export const DELETE_API_KEY: TypedDocumentNode<{ deleteApiKey: { deletedApiKeyId: string } }, { id: string }> = gql`
  mutation DeleteApiKey($id: ID!) {
    deleteApiKey(input: { id: $id }) {
      deletedApiKeyId
    }
  }
`;

export const USER: TypedDocumentNode<
  { account: { id: string; users: { edges: { node: { id: string; roles: string[] } }[] } } },
  { email: string }
> = gql`
  query User($email: String!) {
    account {
      id
      users(first: 1, email: $email) {
        edges {
          node {
            id
            roles
          }
        }
      }
    }
  }
`;

export const SET_USER_ROLES: TypedDocumentNode<
  { setUserRoles: { user: { id: string; roles: string[] } } },
  { userId: string; roles: string[] }
> = gql`
  mutation SetUserRoles($userId: ID!, $roles: [Role!]!) {
    setUserRoles(input: { userId: $userId, roles: $roles }) {
      user {
        id
        roles
      }
    }
  }
`;
