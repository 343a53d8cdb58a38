import { Component, type ReactNode } from "react";
import { Denied } from "./denied";

/** Shows its children, or which permission they need: the error boundary around fragments with @throwOnFieldError. */
export class IfPermitted extends Component<{ what: string; children: ReactNode }, { denied?: Denied }> {
  override state: { denied?: Denied } = {};

  static getDerivedStateFromError(error: unknown) {
    if (error instanceof Denied) return { denied: error };
    throw error; // to the next boundary
  }

  override render() {
    const { denied } = this.state;
    return denied ? (
      <p>
        {this.props.what}: needs {denied.permission}
      </p>
    ) : (
      this.props.children
    );
  }
}
