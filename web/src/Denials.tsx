import { useGraphiQL } from '@graphiql/react';
import { useMemo } from 'react';
import { answerIn, remarks, type Asker } from './remarks';
import type { Titles } from './words';

const label = 'What the answer leaves out';

/** Says what the answer in the response pane leaves out. It stands below it, and a screen reader tells of it. */
export function Denials({ asker, titles }: { asker: Asker; titles: Titles }) {
  const response = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.response);
  const told = useMemo(() => {
    const answer = answerIn(response);
    return answer ? remarks(answer, asker, titles) : [];
  }, [response, asker, titles]);
  return (
    <section className="denials" aria-live="polite" aria-label={label}>
      {told.length > 0 && (
        <ul tabIndex={0} aria-label={label}>
          {told.map((remark, index) => (
            <li key={index} className={remark.kind}>
              <strong>{remark.heading}</strong> {remark.text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
