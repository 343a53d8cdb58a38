// The gateway under test, and who asks it. run.sh starts it and says where it is.
export const url = process.env.FIELDGATE_URL;
const password = process.env.FIELDGATE_DEMO_PASSWORD;

/** Signs in as one of the demo's users and returns the access token. */
export async function signIn(name) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      query: "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }",
      variables: { input: { email: `${name}@example.com`, password } },
    }),
  });
  const { data, errors } = await response.json();
  if (!data) throw new Error(`cannot sign in as ${name}: ${JSON.stringify(errors)}`);
  return data.signIn.accessToken;
}

/** fetch with an access token. */
export const fetchAs = (token) => (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};
