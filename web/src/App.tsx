import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { annotated } from './annotate';
import { Refusal } from './api';
import { Bar } from './Bar';
import { documentation, Explorer } from './Explorer';
import type { Session } from './session';
import { asGuest, learn, type Known } from './viewer';
import { firstVisit, nextVisit, signedOut, type Visit } from './visit';

export interface AppProps {
  readonly session: Session;
  /** E-mail addresses of demo users, to pick from. */
  readonly users: readonly string[];
  /** Names of identity providers at which people sign in. */
  readonly providers: readonly string[];
  /** Whether people sign in with a password. */
  readonly passwords: boolean;
  /** The address to begin signing in with. */
  readonly email: string;
  /** Whether somebody comes back from their identity provider. */
  readonly returning: boolean;
}

/** The page: the bar, and GraphiQL for whoever is signed in. */
export function App({ session, users, providers, passwords, email, returning }: AppProps) {
  const [known, setKnown] = useState<Known | null>(null);
  const [visit, setVisit] = useState(() => firstVisit(window.innerWidth >= 1100 ? documentation : null));
  const [notice, setNotice] = useState('');
  const turn = useRef(0);

  /** Learns who is signed in. What was asked earlier and comes later is dropped. */
  const relearn = useCallback(
    async (someoneElse = false) => {
      const mine = ++turn.current;
      const next = await learn(session);
      if (mine === turn.current) {
        setKnown((before) => (before?.key === next.key ? before : next));
        if (someoneElse) {
          setVisit((before) => nextVisit(before, next.viewer));
        }
      }
    },
    [session],
  );

  const becomeGuest = useCallback(
    (why: string, visit: (before: Visit) => Visit = (before) => nextVisit(before, null)) => {
      setKnown((before) => before && asGuest(before));
      setVisit(visit);
      setNotice(why);
      relearn().catch((error: unknown) => setNotice(wordsOf(error)));
    },
    [relearn],
  );

  /** Shows the page to who has just signed in. */
  const welcome = useCallback(async () => {
    try {
      await relearn(true);
    } catch (error) {
      session.signOut().catch(() => undefined);
      throw error;
    }
    setNotice('');
  }, [session, relearn]);

  useEffect(() => {
    session.listen({
      renewed: () => void relearn().catch(() => undefined), // what is shown is still true, or the next request tells
      ended: () => becomeGuest('Your session has ended. Sign in again to go on.'),
    });
    relearn().catch((error: unknown) => setNotice(wordsOf(error)));
    if (returning) {
      const entered = session.comeBack().then(welcome);
      entered.catch((error: unknown) => setNotice(wordsOf(error)));
    }
    return onLeaving(
      () => session.open,
      () => session.signOut(),
      () => becomeGuest('You left the page, and were signed out.'),
    );
  }, [session, relearn, becomeGuest, welcome, returning]);

  async function signIn(address: string, password: string) {
    await session.signIn(address, password);
    await welcome();
  }

  function signOut() {
    session.signOut().catch((error: unknown) => setNotice(`You are signed out here, but: ${wordsOf(error)}`));
    becomeGuest('You are signed out.', signedOut);
  }

  const schema = useMemo(() => (known?.sdl ? annotated(known.sdl, known.holding, known.titles) : null), [known]);
  const viewer = known?.viewer ?? null;
  return (
    <>
      <Bar
        viewer={viewer}
        users={users}
        providers={providers}
        passwords={passwords}
        email={email}
        notice={notice}
        signIn={signIn}
        signOut={signOut}
      />
      <main>
        {known && (
          <Explorer
            key={visit.id}
            session={session}
            schema={schema}
            asker={viewer?.roles ?? null}
            titles={known.titles}
            visit={visit}
          />
        )}
      </main>
    </>
  );
}

/** Signs out who leaves the page: its session is of no use to anybody else. Browsers can bring a page back that was left. */
function onLeaving(open: () => boolean, signOut: () => Promise<void>, back: () => void): () => void {
  let left = false;
  const hide = () => {
    left = open();
    signOut().catch(() => undefined); // nobody is there to be told
  };
  const show = (event: PageTransitionEvent) => event.persisted && left && back();
  window.addEventListener('pagehide', hide);
  window.addEventListener('pageshow', show);
  return () => {
    window.removeEventListener('pagehide', hide);
    window.removeEventListener('pageshow', show);
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Refusal ? error.message : 'Something went wrong in this page. Load it again.';
}
