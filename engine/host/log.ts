/** Structured log lines of the engine. Fields never hold secrets: no tokens, no Secret objects, no bodies. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
