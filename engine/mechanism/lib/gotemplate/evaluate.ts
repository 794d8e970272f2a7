import { isRecord } from '#core/json.ts';
import { GoTemplateError, placeOf } from './errors.ts';
import { checkArgument, type TemplateFunction } from './function.ts';
import { TemplateObject } from './object.ts';
import type { Node, Operand, ParsedTemplate, Pipeline } from './parser.ts';
import { formatAction, isTrue, typeName, type Value } from './values.ts';

/** Text one template may produce, and steps it may take: templates come from commits. */
const OUTPUT_CHARS_MAX = 1_000_000;
const STEPS_MAX = 200_000;

export interface EvaluationOptions {
  missingKey: 'default' | 'zero' | 'error';
  functions: ReadonlyMap<string, TemplateFunction>;
}

/** Executes a parsed template. Throws GoTemplateError. */
export function evaluate(template: string, parsed: ParsedTemplate, data: Value, options: EvaluationOptions): string {
  return new Evaluation(template, parsed, data, options).run();
}

/** Templates that call one another: each costs a few frames of the stack. */
const CALLS_MAX = 100;

interface Scope {
  variables: Map<string, Value>;
  parent: Scope | undefined;
}

class Evaluation {
  readonly #template: string;
  readonly #parsed: ParsedTemplate;
  readonly #options: EvaluationOptions;
  #calls = 0;
  /** Set by `break` and `continue` until the loop they are in sees it. */
  #jump: 'break' | 'continue' | undefined;
  #scope: Scope;
  #output = '';
  #steps = 0;

  constructor(template: string, parsed: ParsedTemplate, data: Value, options: EvaluationOptions) {
    this.#template = template;
    this.#parsed = parsed;
    this.#options = options;
    this.#scope = { variables: new Map([['$', data]]), parent: undefined };
  }

  run(): string {
    this.#list(this.#parsed.nodes, this.#scope.variables.get('$'));
    return this.#output;
  }

  #list(nodes: readonly Node[], dot: Value): void {
    for (const node of nodes) {
      this.#node(node, dot);
      if (this.#jump !== undefined) return;
    }
  }

  #inScope(run: () => void): void {
    this.#scope = { variables: new Map(), parent: this.#scope };
    run();
    this.#scope = this.#scope.parent as Scope;
  }

  #node(node: Node, dot: Value): void {
    if (node.type === 'text') {
      this.#write(node.text, 0);
      return;
    }
    if (node.type === 'jump') {
      this.#jump = node.jump;
      return;
    }
    if (node.type === 'template') {
      this.#callTemplate(node, dot);
      return;
    }
    const { pipeline } = node;
    if (node.type === 'action') {
      const value = this.#pipeline(pipeline, dot);
      if (pipeline.variables.length === 0) this.#write(formatAction(value), pipeline.at);
      return;
    }
    this.#inScope(() => {
      if (node.type === 'range') return this.#range(node, dot);
      const value = this.#pipeline(pipeline, dot);
      const inner = node.type === 'with' && isTrue(value) ? value : dot;
      this.#list(isTrue(value) ? node.body : node.otherwise, inner);
    });
  }

  /** A template that calls itself without end is stopped. */
  #callTemplate({ name, pipeline, at }: Extract<Node, { type: 'template' }>, dot: Value): void {
    const nodes = this.#parsed.defined.get(name);
    if (nodes === undefined) throw this.#error(`template ${JSON.stringify(name)} not defined`, at);
    const value = pipeline === undefined ? undefined : this.#pipeline(pipeline, dot);
    if (++this.#calls > CALLS_MAX) throw this.#error('exceeded maximum template depth', at);
    const scope = this.#scope;
    this.#scope = { variables: new Map([['$', value]]), parent: undefined };
    this.#list(nodes, value);
    this.#scope = scope;
    this.#calls--;
  }

  #range(node: Extract<Node, { pipeline: Pipeline; body: Node[] }>, dot: Value): void {
    const { pipeline } = node;
    const { variables, ...bare } = pipeline;
    const items = this.#items(this.#pipeline({ ...bare, variables: [] }, dot), pipeline.at);
    let count = 0;
    for (const [key, item] of items) {
      count++;
      this.#step(pipeline.at);
      this.#inScope(() => {
        const [first, second] = variables;
        if (second !== undefined) this.#bind(second, item, pipeline);
        if (first !== undefined) this.#bind(first, second === undefined ? item : key, pipeline);
        this.#list(node.body, item);
      });
      const jump = this.#jump;
      this.#jump = undefined;
      if (jump === 'break') break;
    }
    if (count === 0) this.#list(node.otherwise, dot);
  }

  #items(value: Value, at: number): Iterable<[Value, Value]> {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((item, index) => [BigInt(index), item]);
    if (isRecord(value))
      return Object.keys(value)
        .sort()
        .map((key) => [key, value[key]]);
    if (typeof value === 'bigint') return countTo(value);
    throw this.#error(`range can't iterate over ${formatAction(value)}`, at);
  }

  #step(at: number): void {
    if (++this.#steps > STEPS_MAX) throw this.#error('the template takes too many steps', at);
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    this.#step(pipeline.at);
    let value: Value;
    pipeline.commands.forEach((command, index) => {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    });
    for (const name of pipeline.variables) this.#bind(name, value, pipeline);
    return value;
  }

  #bind(name: string, value: Value, pipeline: Pipeline): void {
    if (!pipeline.assigns) {
      this.#scope.variables.set(name, value);
      return;
    }
    for (let scope: Scope | undefined = this.#scope; scope !== undefined; scope = scope.parent) {
      if (!scope.variables.has(name)) continue;
      scope.variables.set(name, value);
      return;
    }
    throw this.#error(`undefined variable ${JSON.stringify(name)}`, pipeline.at);
  }

  #command(command: readonly Operand[], dot: Value, piped: Value[]): Value {
    const [first, ...rest] = command as [Operand, ...Operand[]];
    if (first.type === 'function') return this.#call(first, rest, dot, piped);
    const given = [...rest.map((argument) => this.#operand(argument, dot)), ...piped];
    if (first.type === 'fields') return this.#fields(first, dot, given);
    if (given.length > 0) throw this.#error("can't give argument to non-function", first.at);
    return this.#operand(first, dot);
  }

  #call(operand: Extract<Operand, { type: 'function' }>, rest: readonly Operand[], dot: Value, piped: Value[]): Value {
    const { name, at } = operand;
    if (name === 'and' || name === 'or') return this.#shortCircuit(operand, rest, dot, piped);
    const implementation = this.#options.functions.get(name);
    if (implementation === undefined) throw this.#error(`function ${JSON.stringify(name)} not defined`, at);
    const given = [...rest.map((argument) => this.#operand(argument, dot)), ...piped];
    const { least, most } = implementation;
    if (given.length < least || given.length > most) {
      const want = most === least ? String(least) : given.length < least ? `at least ${least}` : `at most ${most}`;
      throw this.#error(`wrong number of args for ${name}: want ${want} got ${given.length}`, at);
    }
    const values = given.map((value, index) => {
      const checked = checkArgument(value, implementation.kindAt(index), rest[index]?.type === 'literal');
      if ('problem' in checked) throw this.#error(checked.problem, rest[index]?.at ?? at);
      return checked.value;
    });
    try {
      return implementation.call(...values);
    } catch (error) {
      throw this.#error(`error calling ${name}: ${(error as Error).message}`, at);
    }
  }

  #shortCircuit(
    { name, at }: Extract<Operand, { type: 'function' }>,
    rest: readonly Operand[],
    dot: Value,
    piped: Value[],
  ): Value {
    if (rest.length + piped.length === 0) throw this.#error(`wrong number of args for ${name}: got 0`, at);
    let value: Value;
    for (const argument of rest) {
      value = this.#operand(argument, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.type) {
      case 'literal':
        return operand.value;
      case 'dot':
        return dot;
      case 'variable':
        return this.#variable(operand.name, operand.at);
      case 'function':
        return this.#call(operand, [], dot, []);
      case 'pipeline':
        return this.#pipeline(operand.pipeline, dot);
      case 'fields':
        return this.#fields(operand, dot, []);
    }
  }

  /** A chain of fields and methods; what was given in the action goes to the last one, which then must be a method. */
  #fields({ base, names }: Extract<Operand, { type: 'fields' }>, dot: Value, given: readonly Value[]): Value {
    let value = this.#operand(base, dot);
    for (const [index, { name, at }] of names.entries()) {
      const values = index === names.length - 1 ? given : [];
      if (value instanceof TemplateObject) value = this.#method(value, name, values, at);
      else if (values.length > 0) throw this.#error(`${name} is not a method but has arguments`, at);
      else value = this.#field(value, name, at);
    }
    return value;
  }

  #method(object: TemplateObject, name: string, values: readonly Value[], at: number): Value {
    const method = Object.hasOwn(object.methods, name) ? object.methods[name] : undefined;
    if (method === undefined) throw this.#error(`can't evaluate field ${name}`, at);
    try {
      return method(...values);
    } catch (error) {
      throw this.#error(`error calling ${name}: ${(error as Error).message}`, at);
    }
  }

  #variable(name: string, at: number): Value {
    for (let scope: Scope | undefined = this.#scope; scope !== undefined; scope = scope.parent) {
      if (scope.variables.has(name)) return scope.variables.get(name);
    }
    throw this.#error(`undefined variable ${JSON.stringify(name)}`, at);
  }

  #field(value: Value, name: string, at: number): Value {
    if (isRecord(value)) {
      if (Object.hasOwn(value, name)) return value[name];
      if (this.#options.missingKey === 'error')
        throw this.#error(`map has no entry for key ${JSON.stringify(name)}`, at);
      return undefined;
    }
    if (value === undefined) {
      // A parameter that is not there has no fields either; one that is nil is an error.
      if (this.#options.missingKey !== 'error') return undefined;
      throw this.#error(`nil data; no entry for key ${JSON.stringify(name)}`, at);
    }
    if (value === null) throw this.#error(`nil pointer evaluating interface {}.${name}`, at);
    throw this.#error(`can't evaluate field ${name} in type ${typeName(value)}`, at);
  }

  #write(text: string, at: number): void {
    this.#output += text;
    if (this.#output.length > OUTPUT_CHARS_MAX) throw this.#error('the template produces too much text', at);
  }

  #error(reason: string, at: number): GoTemplateError {
    return new GoTemplateError(reason, placeOf(this.#template, at));
  }
}

function* countTo(count: bigint): Iterable<[Value, Value]> {
  for (let index = 0n; index < count; index++) yield [index, index];
}
