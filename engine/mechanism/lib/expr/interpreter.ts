/** Evaluation of a tree against an environment (spec expr §5). */
import type { Node } from './ast.ts';
import { BUILTINS } from './builtins.ts';
import type { ExprEnvironment } from './environment.ts';
import { ExprError, ValueError } from './errors.ts';
import { callMethod } from './methods.ts';
import { computeBinary, computeUnary } from './operators.ts';
import { evaluatePredicate } from './predicates.ts';
import { ExprFunction, entryOf, isMap, isNil, typeName } from './values.ts';

/** Nodes one evaluation may visit: conditions are short, and none may hang the engine. */
const STEPS_MAX = 1_000_000;

/** Thrown inside a chain when an optional link finds nil. */
const CUT = Symbol('nil at an optional link');

export class Interpreter {
  readonly #text: string;
  readonly #environment: ExprEnvironment;
  readonly #locals: { name: string; value: unknown }[] = [];
  readonly #scopes: { element: unknown; index: number; accumulator: unknown }[] = [];
  #steps = 0;

  constructor(text: string, environment: ExprEnvironment) {
    this.#text = text;
    this.#environment = environment;
  }

  /** @throws ExprError (`runtime`) at the node whose values did not fit. */
  run(node: Node): unknown {
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) throw new ExprError('runtime', 'memory budget exceeded', this.#text, node.at);
    try {
      return this.#evaluate(node);
    } catch (error) {
      if (error instanceof ValueError) throw new ExprError('runtime', error.message, this.#text, node.at);
      throw error;
    }
  }

  /** Evaluates a predicate's body for one element. */
  runFor(body: Node, element: unknown, index: number, accumulator: unknown): unknown {
    this.#scopes.push({ element, index, accumulator });
    try {
      return this.run(body);
    } finally {
      this.#scopes.pop();
    }
  }

  #evaluate(node: Node): unknown {
    switch (node.kind) {
      case 'literal':
        return node.value;
      case 'name':
        return this.#name(node.name);
      case 'env':
        return this.#environment.names;
      case 'pointer': {
        const scope = this.#scopes.at(-1)!;
        return node.name === 'index' ? BigInt(scope.index) : node.name === 'acc' ? scope.accumulator : scope.element;
      }
      case 'list':
        return node.items.map((item) => this.run(item));
      case 'map':
        return Object.fromEntries(node.entries.map(([key, value]) => [mapKey(this.run(key)), this.run(value)]));
      case 'unary':
        return computeUnary(node.operator, this.run(node.operand));
      case 'binary':
        return this.#binary(node);
      case 'conditional':
        return this.#conditional(node);
      case 'member':
        return this.#member(node);
      case 'slice':
        return this.#slice(node);
      case 'chain':
        return this.#chain(node.inner);
      case 'call':
        return this.#call(node);
      case 'builtin':
        return this.#builtin(node);
      case 'let': {
        this.#locals.push({ name: node.name, value: this.run(node.value) });
        const value = this.run(node.body);
        this.#locals.pop();
        return value;
      }
    }
  }

  #name(name: string): unknown {
    const local = this.#locals.findLast((candidate) => candidate.name === name);
    return local === undefined ? (entryOf(this.#environment.names, name) ?? null) : local.value;
  }

  #binary(node: Extract<Node, { kind: 'binary' }>): unknown {
    const left = this.run(node.left);
    if (node.operator === '??') return isNil(left) ? this.run(node.right) : left;
    if (node.operator === '&&' || node.operator === '||') {
      if (asBool(left) === (node.operator === '||')) return left;
      return asBool(this.run(node.right));
    }
    return computeBinary(node.operator, left, this.run(node.right));
  }

  /** Elvis (`a ?: b`) shares the node of test and result, which is evaluated once and may be of any type. */
  #conditional({ test, result, otherwise }: Extract<Node, { kind: 'conditional' }>): unknown {
    const value = this.run(test);
    if (test === result) return isNil(value) || value === false ? this.run(otherwise) : value;
    return this.run(asBool(value) ? result : otherwise);
  }

  #chain(inner: Node): unknown {
    try {
      return this.run(inner);
    } catch (error) {
      if (error === CUT) return null;
      throw error;
    }
  }

  #member(node: Extract<Node, { kind: 'member' }>): unknown {
    const object = this.run(node.object);
    if (isNil(object) && node.optional) throw CUT;
    const key = this.run(node.key);
    return fetchMember(object, key);
  }

  #slice(node: Extract<Node, { kind: 'slice' }>): unknown {
    const object = this.run(node.object);
    const from = node.from === undefined ? 0n : this.run(node.from);
    const to = node.to === undefined ? undefined : this.run(node.to);
    if (typeof from !== 'bigint' || (to !== undefined && typeof to !== 'bigint'))
      throw new ValueError('invalid operation: slice bounds must be integers');
    const bounds = [Number(from), to === undefined ? undefined : Number(to)] as const;
    if (Array.isArray(object)) return object.slice(...bounds) as unknown[];
    if (typeof object === 'string')
      return Buffer.from(object)
        .subarray(...bounds)
        .toString();
    throw new ValueError(`cannot slice ${typeName(object)}`);
  }

  #call({ callee, args }: Extract<Node, { kind: 'call' }>): unknown {
    if (callee.kind === 'member' && callee.property !== undefined) return this.#methodCall(callee, args);
    const fn = this.run(callee);
    const values = args.map((arg) => this.run(arg));
    if (fn instanceof ExprFunction) return fn.call(values);
    throw new ValueError(
      callee.kind === 'name' ? `${callee.name} is not a function` : `${typeName(fn)} is not callable`,
    );
  }

  #methodCall(callee: Extract<Node, { kind: 'member' }>, args: readonly Node[]): unknown {
    const object = this.run(callee.object);
    if (isNil(object) && callee.optional) throw CUT;
    const values = args.map((arg) => this.run(arg));
    if (isNil(object)) throw new ValueError(`cannot fetch ${callee.property} from <nil>`);
    const member = isMap(object) ? entryOf(object, callee.property!) : undefined;
    if (member instanceof ExprFunction) return member.call(values);
    if (!isMap(object)) return callMethod(object, callee.property!, values);
    throw new ValueError(
      `invalid operation: cannot call ${isNil(member) ? 'nil' : `non-function of type ${typeName(member)}`}`,
    );
  }

  #builtin({ name, args }: Extract<Node, { kind: 'builtin' }>): unknown {
    const builtin = BUILTINS.get(name);
    if (builtin === undefined) return evaluatePredicate(this, name, args);
    return builtin.call(
      args.map((arg) => this.run(arg)),
      this.#environment,
    );
  }
}

export function asBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError(`interface conversion: interface {} is ${isNil(value) ? 'nil' : typeName(value)}, not bool`);
}

function mapKey(key: unknown): string {
  if (typeof key === 'string') return key;
  throw new ValueError(`interface conversion: interface {} is ${typeName(key)}, not string`);
}

function fetchMember(object: unknown, key: unknown): unknown {
  if (isNil(object)) throw new ValueError(`cannot fetch ${String(key)} from <nil>`);
  if (Array.isArray(object) && (typeof key === 'bigint' || (typeof key === 'number' && Number.isInteger(key)))) {
    const index = Number(key);
    const at = index < 0 ? object.length + index : index;
    if (at < 0 || at >= object.length)
      throw new ValueError(`index out of range: ${at} (array length is ${object.length})`);
    return object[at] as unknown;
  }
  if ((Array.isArray(object) || typeof object === 'string') && typeof key === 'string')
    throw new ValueError('invalid operation: int(string)');
  if (isMap(object) && typeof key === 'string') return entryOf(object, key) ?? null;
  throw new ValueError(`cannot fetch ${String(key)} from ${typeName(object)}`);
}
