import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Refusal } from './api';
import icon from './icon.svg';
import type { Viewer } from './viewer';
import { title } from './words';

export interface BarProps {
  readonly viewer: Viewer | null;
  /** E-mail addresses of demo users, to pick from. */
  readonly users: readonly string[];
  /** Names of identity providers at which people sign in. */
  readonly providers: readonly string[];
  /** Whether people sign in with a password. */
  readonly passwords: boolean;
  /** The address to begin with. */
  readonly email: string;
  /** What there is to say, such as that the session has ended. */
  readonly notice: string;
  readonly signIn: (email: string, password: string) => Promise<void>;
  readonly signOut: () => void;
}

/** The bar over the page: who the caller is, and the way in or out. */
export function Bar(props: BarProps) {
  return (
    <header className="bar">
      <a className="skip" href="#graphiql-session">
        Skip to the operation
      </a>
      <h1>
        <img src={icon} alt="" width="28" height="28" />
        Fieldgate
      </h1>
      {props.viewer ? <Account viewer={props.viewer} signOut={props.signOut} /> : <Ways {...props} />}
      <p className="notice" role="status">
        {props.notice}
      </p>
    </header>
  );
}

function Account({ viewer, signOut }: { viewer: Viewer; signOut: () => void }) {
  const account = useRef<HTMLDivElement>(null);
  useEffect(() => account.current?.focus(), []); // the form that had the focus is gone
  return (
    <>
      <div className="account" ref={account} tabIndex={-1} role="group" aria-label="Signed in as">
        <span className="email">{viewer.email}</span>
        <ul aria-label="Roles">
          {viewer.roles.map((role) => (
            <li key={role}>{title(role)}</li>
          ))}
        </ul>
      </div>
      <button type="button" className="way" onClick={signOut}>
        Sign out
      </button>
    </>
  );
}

/** The ways in: by a password, and at identity providers, which is leaving the page for a while. */
function Ways(props: BarProps) {
  return (
    <>
      {props.passwords && <SignIn {...props} />}
      {props.providers.length > 0 && (
        <nav className="providers" aria-label="Identity providers">
          {props.providers.map((name) => (
            <a key={name} className="way" href={`/sign-in/${name}`}>
              Sign in with {name}
            </a>
          ))}
        </nav>
      )}
    </>
  );
}

function SignIn({ users, email: first, signIn }: BarProps) {
  const [email, setEmail] = useState(first);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || !password.current) {
      return;
    }
    setBusy(true);
    setProblem('');
    try {
      await signIn(email.trim(), password.current.value);
    } catch (error) {
      setProblem(error instanceof Refusal ? error.message : 'Signing in failed.');
      password.current?.focus();
      password.current?.select();
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <form className="signin" onSubmit={submit} aria-label="Sign in" aria-describedby="problem">
        {users.length > 0 && (
          <label>
            Demo user
            <select
              name="demo"
              value={users.includes(email) ? email : ''}
              onChange={(event) => setEmail(event.target.value)}
            >
              <option value="">Pick one…</option>
              {users.map((user) => (
                <option key={user}>{user}</option>
              ))}
            </select>
          </label>
        )}
        <label>
          E-mail
          <input
            type="email"
            name="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <label>
          Password
          <input type="password" name="password" autoComplete="current-password" required ref={password} />
        </label>
        <button type="submit" className="way" aria-disabled={busy}>
          Sign in
        </button>
      </form>
      <p id="problem" role="alert">
        {problem}
      </p>
    </>
  );
}
