/** A template that does not parse or cannot be executed. Line and column count from 1 within the template. */
export class GoTemplateError extends Error {
  override name = 'GoTemplateError';
  readonly line: number;
  readonly column: number;
  readonly reason: string;

  constructor(reason: string, at: { line: number; column: number }) {
    super(`template: ${at.line}:${at.column}: ${reason}`);
    this.reason = reason;
    this.line = at.line;
    this.column = at.column;
  }
}

/** Where an offset of the text is. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}
