/** Warnings and infos of one query: each text once, with its place. */
import { locate, type Span } from './errors.ts';

export class Annotations {
  readonly #text: string | undefined;
  readonly #warnings = new Set<string>();
  readonly #infos = new Set<string>();

  /** `text` is the query; without it the places are left out. */
  constructor(text: string | undefined) {
    this.#text = text;
  }

  warn(message: string, span: Span): void {
    this.#warnings.add(`PromQL warning: ${message}${this.#place(span)}`);
  }

  inform(message: string, span: Span): void {
    this.#infos.add(`PromQL info: ${message}${this.#place(span)}`);
  }

  /** @param q - warned about when it is no number from 0 to 1. */
  checkQuantile(q: number, span: Span): void {
    if (!(q >= 0 && q <= 1)) this.warn(`quantile value should be between 0 and 1, got ${formatG(q)}`, span);
  }

  get warnings(): string[] {
    return [...this.#warnings].sort();
  }

  get infos(): string[] {
    return [...this.#infos].sort();
  }

  #place(span: Span): string {
    if (this.#text === undefined) return '';
    const { line, column } = locate(this.#text, span.from);
    return ` (${line}:${column})`;
  }
}

/** `for metric name "x"`, or nothing when the name is unknown. */
export function forMetric(name: string): string {
  return name === '' ? '' : ` for metric name ${JSON.stringify(name)}`;
}

function formatG(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
}
