import './workers';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './style/colors.css';
import './style/forms.css';
import './style/bar.css';
import './style/graphiql.css';
import './style/locks.css';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { fragment } from './fragment';
import { Session } from './session';

/** What the gateway tells the page of itself. */
interface Settings {
  /** E-mail addresses of demo users. */
  readonly users: readonly string[];
  /** Names of identity providers at which people sign in. */
  readonly providers: readonly string[];
  /** Whether people sign in with a password. */
  readonly passwords: boolean;
}

async function settings(): Promise<Settings> {
  try {
    const response = await fetch('/graphiql/config.json', { credentials: 'omit' });
    return (await response.json()) as Settings;
  } catch {
    return { users: [], providers: [], passwords: true }; // only other ways to sign in are missing
  }
}

const returning = window.location.hash === '#sign-in=done'; // from an identity provider
const email = fragment('email');
const session = new Session((path, init) => fetch(path, init));
createRoot(document.getElementById('root')!).render(
  <App session={session} {...await settings()} email={email} returning={returning} />,
);
