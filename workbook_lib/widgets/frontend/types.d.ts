/** What esbuild's loader makes of a style sheet: its text. */
declare module "*.css" {
  const text: string;
  export default text;
}

/** The part of a widget's model that programs use: https://anywidget.dev/en/afm/ */
interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: string, callback: (...given: any[]) => void): void;
  off(event?: string | null, callback?: ((...given: any[]) => void) | null): void;
  widget_manager: { get_model(id: string): Promise<Model> };
}

/** What a program gets to show itself. */
interface Context {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

/** A widget's program: one export of a bundle. */
interface Part {
  render(context: Context): void | (() => void) | Promise<void | (() => void)>;
}
