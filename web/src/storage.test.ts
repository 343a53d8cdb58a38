import { expect, it } from 'vitest';
import { storage, type Kept } from './storage';

function browser(): Kept & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    get length() {
      return entries.size;
    },
  };
}

it('keeps theme and layout in the browser, and nothing else', () => {
  const real = browser();
  const kept = storage(real);
  for (const key of [
    'theme',
    'docExplorerFlex',
    'tabState',
    'headers',
    'query',
    'variables',
    'queries',
    'visiblePlugin',
  ]) {
    kept.setItem(`graphiql:${key}`, `value of ${key}`);
  }
  expect([...real.entries.keys()]).toEqual(['graphiql:theme', 'graphiql:docExplorerFlex']);
  expect(kept.getItem('graphiql:headers')).toBe('value of headers');
  expect(storage(real).getItem('graphiql:headers')).toBeNull();
  expect(storage(real).getItem('graphiql:theme')).toBe('value of theme');
});

it('reads nothing that another page of this host put there', () => {
  const real = browser();
  real.setItem('graphiql:tabState', '[]');
  expect(storage(real).getItem('graphiql:tabState')).toBeNull();
});

it('does without a browser that keeps nothing', () => {
  const refusing = storage({
    ...browser(),
    setItem: () => {
      throw new DOMException('no room', 'QuotaExceededError');
    },
  });
  refusing.setItem('graphiql:theme', 'dark');
  expect([refusing.getItem('graphiql:theme'), storage(null).getItem('graphiql:theme')]).toEqual(['dark', null]);
});
