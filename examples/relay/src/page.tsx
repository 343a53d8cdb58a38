// A page without a browser, for the demonstration; nothing to copy from.
import type { ReactNode } from "react";
import { RelayEnvironmentProvider } from "react-relay";
import type { Environment } from "relay-runtime";

/** Renders into a new document. */
export async function open(environment: Environment, content: ReactNode) {
  const { Window } = await import("happy-dom");
  const window = new Window();
  for (const name of ["window", "document", "navigator"] as const) {
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true }); // before React looks for it
  }
  const { createRoot } = await import("react-dom/client");
  const root = createRoot(document.body, { onCaughtError: () => {} }); // by IfPermitted, which shows it
  root.render(<RelayEnvironmentProvider environment={environment}>{content}</RelayEnvironmentProvider>);

  const texts = (selector: string) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
  return {
    /** The texts of the elements that a selector finds. */
    texts,

    /** Clicks the button with this label. */
    click(label: string): void {
      const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === label);
      if (!button) throw new Error(`There is no button ${label}.`);
      button.click();
    },

    /** Waits until as many elements as this are found, and returns their texts. */
    async shows(count: number, selector: string): Promise<string[]> {
      for (const start = Date.now(); texts(selector).length !== count; ) {
        if (Date.now() - start > 15_000) throw new Error(`There are ${texts(selector).length} ${selector}, not ${count}.`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return texts(selector);
    },

    close(): void {
      root.unmount();
    },
  };
}
