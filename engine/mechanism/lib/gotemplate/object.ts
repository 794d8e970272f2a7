/** A Go value that is no JSON (a time, a duration): prints as `text`, and templates may call its methods. */
export class TemplateObject {
  /** What it stands for, for functions that are given it. */
  readonly value: unknown;
  readonly text: string;
  readonly methods: Readonly<Record<string, (...values: unknown[]) => unknown>>;

  constructor(value: unknown, text: string, methods: TemplateObject['methods']) {
    this.value = value;
    this.text = text;
    this.methods = methods;
  }
}
