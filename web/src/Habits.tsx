import { KeyCode, pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

/** What Escape closes before it leaves an editor. */
const open = [
  'suggestWidgetVisible',
  'findWidgetVisible',
  'editorHasSelection',
  'editorHasMultipleSelections',
  'editorHoverVisible',
];

/** What GraphiQL's editors lack and people are used to. */
export function Habits() {
  useLeaving();
  useWrapping();
  useSystemTheme();
  return null;
}

/** Lets Escape leave an editor, in which the Tab key indents: without it a keyboard would be caught there. */
function useLeaving() {
  const editors = useGraphiQL(pick('queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'));
  const { queryEditor, variableEditor, headerEditor, responseEditor } = editors;
  useEffect(() => {
    const actions = [queryEditor, variableEditor, headerEditor, responseEditor].map((editor) =>
      editor?.addAction({
        id: 'fieldgate-leave',
        label: 'Leave the Editor',
        keybindings: [KeyCode.Escape],
        precondition: open.map((name) => `!${name}`).join(' && '),
        run: (left) => left.getContainerDomNode().focus(),
      }),
    );
    return () => actions.forEach((action) => action?.dispose());
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);
}

/** Wraps long lines: on a phone, or beside the documentation, an editor is narrow. */
function useWrapping() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => queryEditor?.updateOptions({ wordWrap: 'on', wrappingIndent: 'indent' }), [queryEditor]);
}

/** Lets the editors follow when the system goes from light to dark or back, as the rest of the page does. */
function useSystemTheme() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(theme);
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, [theme, setTheme]);
}
