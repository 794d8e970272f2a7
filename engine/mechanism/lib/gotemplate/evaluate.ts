import { isRecord } from '#core/json.ts';
import { GoTemplateError, placeOf } from './errors.ts';
import type { TemplateFunction } from './functions.ts';
import type { Node, Operand, Pipeline } from './parser.ts';
import { formatAction, isTrue, typeName, type Value } from './values.ts';

/** Text one template may produce, and steps it may take: templates come from commits. */
const OUTPUT_CHARS_MAX = 1_000_000;
const STEPS_MAX = 200_000;

export interface EvaluationOptions {
  missingKey: 'default' | 'zero' | 'error';
  functions: ReadonlyMap<string, TemplateFunction>;
}

/** Executes a parsed template. Throws GoTemplateError. */
export function evaluate(template: string, nodes: readonly Node[], data: Value, options: EvaluationOptions): string {
  return new Evaluation(template, data, options).run(nodes);
}

interface Scope {
  variables: Map<string, Value>;
  parent: Scope | undefined;
}

class Evaluation {
  readonly #template: string;
  readonly #options: EvaluationOptions;
  #scope: Scope;
  #output = '';
  #steps = 0;

  constructor(template: string, data: Value, options: EvaluationOptions) {
    this.#template = template;
    this.#options = options;
    this.#scope = { variables: new Map([['$', data]]), parent: undefined };
  }

  run(nodes: readonly Node[]): string {
    this.#list(nodes, this.#scope.variables.get('$'));
    return this.#output;
  }

  #list(nodes: readonly Node[], dot: Value): void {
    for (const node of nodes) this.#node(node, dot);
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

  #range(node: Extract<Node, { pipeline: Pipeline; body: Node[] }>, dot: Value): void {
    const { pipeline } = node;
    const { variables, ...bare } = pipeline;
    const items = this.#items(this.#pipeline({ ...bare, variables: [] }, dot), pipeline.at);
    if (items.length === 0) this.#list(node.otherwise, dot);
    for (const [key, item] of items) {
      this.#inScope(() => {
        const [first, second] = variables;
        if (second !== undefined) this.#scope.variables.set(second, item);
        if (first !== undefined) this.#scope.variables.set(first, second === undefined ? item : key);
        this.#list(node.body, item);
      });
    }
  }

  #items(value: Value, at: number): [Value, Value][] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((item, index) => [BigInt(index), item]);
    if (isRecord(value))
      return Object.keys(value)
        .sort()
        .map((key) => [key, value[key]]);
    if (typeof value === 'bigint')
      return Array.from({ length: Math.min(Number(value), STEPS_MAX) }, (_, index) => [BigInt(index), BigInt(index)]);
    throw this.#error(`range can't iterate over ${formatAction(value)}`, at);
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    if (++this.#steps > STEPS_MAX) throw this.#error('the template takes too many steps', pipeline.at);
    let value: Value;
    pipeline.commands.forEach((command, index) => {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    });
    for (const name of pipeline.variables) this.#assign(name, value, pipeline);
    return value;
  }

  #assign(name: string, value: Value, pipeline: Pipeline): void {
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
    if (rest.length > 0 || piped.length > 0) throw this.#error("can't give argument to non-function", first.at);
    return this.#operand(first, dot);
  }

  #call(operand: Extract<Operand, { type: 'function' }>, rest: readonly Operand[], dot: Value, piped: Value[]): Value {
    const { name, at } = operand;
    if (name === 'and' || name === 'or') return this.#shortCircuit(operand, rest, dot, piped);
    const implementation = this.#options.functions.get(name);
    if (implementation === undefined) throw this.#error(`function ${JSON.stringify(name)} not defined`, at);
    const values = [...rest.map((argument) => this.#operand(argument, dot)), ...piped];
    if (values.length < implementation.least || values.length > (implementation.most ?? Number.POSITIVE_INFINITY)) {
      throw this.#error(`wrong number of args for ${name}: got ${values.length}`, at);
    }
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
      case 'fields': {
        let value = this.#operand(operand.base, dot);
        for (const { name, at } of operand.names) value = this.#field(value, name, at);
        return value;
      }
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
    if (value === undefined || value === null) throw this.#error(`nil pointer evaluating interface {}.${name}`, at);
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
