/** Static types, derived from the environment's actual values (spec expr §5.1). Unknown types are checked at run time. */
import type { Node } from './ast.ts';
import { BUILTINS } from './builtins.ts';
import type { ExprEnvironment } from './environment.ts';
import { ExprError } from './errors.ts';
import { METHODS } from './methods.ts';
import { ExprFunction, isNil, typeName } from './values.ts';

/** Go's name of a type, or `any` for what is only known at run time. Lists are `[]` and their element type. */
type Type = string;

const NUMBERS: ReadonlySet<Type> = new Set(['int', 'float64']);
const TIME = 'time.Time';
const DURATION = 'time.Duration';

/** @throws ExprError (`compile`) for unknown names, members and types that cannot fit. */
export function checkExpression(node: Node, text: string, environment: ExprEnvironment): void {
  new Checker(text, environment).check(node);
}

/** A list of nothing but numbers is what the Prometheus provider measures; any other list comes from JSON. */
function typeOfValue(value: unknown): Type {
  if (isNil(value)) return 'any';
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number') ? '[]float64' : '[]interface {}';
  return typeName(value);
}

function elementOf(list: Type): Type {
  const element = list.slice(2);
  return element === 'interface {}' ? 'any' : element;
}

/** How error texts write a type; what nil or JSON will hold is `unknown`. */
function shown(type: Type): string {
  return type === 'any' || type === 'nil' ? 'unknown' : type;
}

function isMapType(type: Type): boolean {
  return type.startsWith('map[');
}

class Checker {
  readonly #text: string;
  readonly #environment: ExprEnvironment;
  readonly #locals: { name: string; type: Type }[] = [];
  readonly #elements: { element: Type; accumulator: Type }[] = [];

  constructor(text: string, environment: ExprEnvironment) {
    this.#text = text;
    this.#environment = environment;
  }

  check(node: Node): Type {
    switch (node.kind) {
      case 'literal':
        return node.value === null ? 'nil' : typeName(node.value);
      case 'name':
        return this.#name(node.name, node.at);
      case 'env':
        return 'any';
      case 'pointer': {
        const scope = this.#elements.at(-1)!;
        return node.name === 'index' ? 'int' : node.name === 'acc' ? scope.accumulator : scope.element;
      }
      case 'list': {
        for (const item of node.items) this.check(item);
        return '[]interface {}';
      }
      case 'map':
        for (const [key, value] of node.entries) {
          this.check(key);
          this.check(value);
        }
        return 'map[string]interface {}';
      case 'unary':
        return this.#unary(node.operator, this.check(node.operand), node.at);
      case 'binary':
        return this.#binary(node);
      case 'conditional':
        return this.#conditional(node);
      case 'member':
        return this.#member(node);
      case 'slice':
        return this.#slice(node);
      case 'chain':
        return this.check(node.inner);
      case 'call':
        return this.#call(node);
      case 'builtin':
        return this.#builtin(node);
      case 'let': {
        if (this.#environment.declared && Object.hasOwn(this.#environment.names, node.name))
          this.#fail(`cannot redeclare ${node.name}`, node.at);
        if (this.#locals.some(({ name }) => name === node.name))
          this.#fail(`cannot redeclare variable ${node.name}`, node.at);
        this.#locals.push({ name: node.name, type: this.check(node.value) });
        const type = this.check(node.body);
        this.#locals.pop();
        return type;
      }
    }
  }

  #fail(problem: string, at: number): never {
    throw new ExprError('compile', problem, this.#text, at);
  }

  #name(name: string, at: number): Type {
    const local = this.#locals.findLast((candidate) => candidate.name === name);
    if (local !== undefined) return local.type;
    if (Object.hasOwn(this.#environment.names, name))
      return this.#environment.declared ? typeOfValue(this.#environment.names[name]) : 'any';
    return this.#environment.declared ? this.#fail(`unknown name ${name}`, at) : 'any';
  }

  #unary(operator: string, type: Type, at: number): Type {
    if (operator === '!')
      return type === 'bool' || type === 'any'
        ? 'bool'
        : this.#fail(`invalid operation: ! (mismatched type ${type})`, at);
    return NUMBERS.has(type) || type === 'any'
      ? type
      : this.#fail(`invalid operation: ${operator} (mismatched type ${type})`, at);
  }

  #binary({ operator, spelling, left, right, at }: Extract<Node, { kind: 'binary' }>): Type {
    const types = [this.check(left), this.check(right)] as const;
    if (operator === 'in') this.#membership(types[0], right, types[1], at);
    const type = resultType(operator, ...types);
    return (
      type ??
      this.#fail(`invalid operation: ${spelling ?? operator} (mismatched types ${types.map(shown).join(' and ')})`, at)
    );
  }

  /** An element of another type can never be in a list whose type is known. */
  #membership(left: Type, right: Node, list: Type, at: number): void {
    if (
      right.kind === 'name' &&
      list === 'any' &&
      isNil(this.#environment.names[right.name]) &&
      this.#isDeclared(right.name)
    )
      this.#fail(`invalid operation: in (mismatched types ${shown(left)} and unknown)`, at);
    if (!list.startsWith('[]')) return;
    const types = right.kind === 'list' ? new Set(right.items.map((item) => this.check(item))) : undefined;
    const element = types?.size === 1 ? ([...types][0] as Type) : elementOf(list);
    const open = ['any', 'nil'];
    if (open.includes(left) || open.includes(element) || left === element) return;
    if (NUMBERS.has(left) && NUMBERS.has(element)) return;
    this.#fail(`cannot use ${left} as type ${element} in array`, at);
  }

  #isDeclared(name: string): boolean {
    return (
      this.#environment.declared &&
      Object.hasOwn(this.#environment.names, name) &&
      !this.#locals.some((local) => local.name === name)
    );
  }

  #conditional(node: Extract<Node, { kind: 'conditional' }>): Type {
    const test = this.check(node.test);
    if (test !== 'bool' && test !== 'any' && node.test !== node.result)
      this.#fail(`non-bool expression (type ${test}) used as condition`, node.test.at);
    const [result, otherwise] = [this.check(node.result), this.check(node.otherwise)];
    return result === otherwise ? result : 'any';
  }

  #member(node: Extract<Node, { kind: 'member' }>): Type {
    const object = this.check(node.object);
    const key = this.check(node.key);
    if (object === 'any' || isMapType(object)) return 'any';
    if (!object.startsWith('[]')) {
      const literal = node.key.kind === 'literal' && typeof node.key.value === 'string' ? node.key.value : undefined;
      const field = node.property ?? literal;
      if (field === undefined) this.#fail(`type ${object}[${key}] is undefined`, node.at);
      return METHODS[object]?.[field] === undefined
        ? this.#fail(`type ${object} has no field ${field}`, node.at)
        : 'any';
    }
    if (key !== 'int' && key !== 'any')
      this.#fail(`array elements can only be selected using an integer (got ${key})`, node.key.at);
    return elementOf(object);
  }

  #slice(node: Extract<Node, { kind: 'slice' }>): Type {
    const object = this.check(node.object);
    for (const bound of [node.from, node.to]) {
      const type = bound === undefined ? 'int' : this.check(bound);
      if (type !== 'int' && type !== 'any') this.#fail(`non-integer slice index ${type}`, bound!.at);
    }
    if (object !== 'any' && object !== 'string' && !object.startsWith('[]'))
      this.#fail(`cannot slice ${object}`, node.at);
    return object;
  }

  #call({ callee, args, at }: Extract<Node, { kind: 'call' }>): Type {
    const types = args.map((arg) => this.check(arg));
    if (callee.kind === 'member' && callee.property !== undefined) return this.#methodCall(callee, at);
    if (callee.kind !== 'name') return 'any';
    const known = this.#environment.names[callee.name];
    const type = this.#name(callee.name, callee.at);
    if (!(known instanceof ExprFunction)) return type === 'any' ? 'any' : this.#fail(`${type} is not callable`, at);
    if (types.length !== known.parameters.length) {
      this.#fail(
        `${types.length < known.parameters.length ? 'not enough' : 'too many'} arguments to call ${known.name}`,
        at,
      );
    }
    known.parameters.forEach((parameter, i) => {
      const given = types[i]!;
      const fits =
        parameter === 'any' || given === 'any' || given === parameter || (parameter === 'float64' && given === 'int');
      if (!fits) this.#fail(`cannot use ${given} as argument (type ${parameter}) to call ${known.name}`, args[i]!.at);
    });
    return known.returns;
  }

  #methodCall(callee: Extract<Node, { kind: 'member' }>, at: number): Type {
    const object = this.check(callee.object);
    if (object === 'any' || isMapType(object)) return 'any';
    return (
      METHODS[object]?.[callee.property!]?.returns ?? this.#fail(`type ${object} has no method ${callee.property}`, at)
    );
  }

  #builtin({ name, args, at }: Extract<Node, { kind: 'builtin' }>): Type {
    const builtin = BUILTINS.get(name);
    if (builtin === undefined) return this.#predicate(name, args, at);
    if (args.length < builtin.least || args.length > builtin.most) {
      const problem = `${args.length < builtin.least ? 'not enough' : 'too many'} arguments to call ${name}`;
      const exact = `invalid number of arguments (expected ${builtin.least}, got ${args.length})`;
      this.#fail(builtin.least === builtin.most ? exact : problem, at);
    }
    const types = args.map((arg) => this.check(arg));
    const first = types[0] ?? 'any';
    const lengthy = first === 'any' || first === 'string' || first.startsWith('[]') || isMapType(first);
    if (name === 'len' && !lengthy) this.#fail(`invalid argument for len (type ${first})`, at);
    if (['min', 'max', 'mean', 'median'].includes(name)) {
      types.forEach((type, i) => {
        if (type !== 'any' && !NUMBERS.has(type) && !type.startsWith('[]'))
          this.#fail(`invalid argument for ${name} (type ${type})`, args[i]!.at);
      });
      if (types.every((type) => type === 'float64' || type === '[]float64')) return 'float64';
    }
    if (['first', 'last'].includes(name) && first.startsWith('[]')) return elementOf(first);
    return builtin.returns;
  }

  #predicate(name: string, args: readonly Node[], at: number): Type {
    const [collection, predicate, ...more] = args;
    if (collection === undefined || (predicate === undefined && name !== 'sum' && name !== 'count'))
      this.#fail(`not enough arguments to call ${name}`, at);
    const type = this.check(collection);
    if (type !== 'any' && !type.startsWith('[]'))
      this.#fail(`builtin ${name} takes only array (got ${type})`, collection.at);
    for (const extra of more) this.check(extra);
    this.#elements.push({ element: type === 'any' ? 'any' : elementOf(type), accumulator: 'any' });
    const result = predicate === undefined ? 'any' : this.check(predicate);
    this.#elements.pop();
    const wantsBool = !['map', 'sum', 'groupBy', 'sortBy', 'reduce'].includes(name);
    if (wantsBool && result !== 'any' && result !== 'bool')
      this.#fail(`predicate should return boolean (got ${result})`, predicate!.at);
    return PREDICATE_RESULTS[name] ?? 'any';
  }
}

const PREDICATE_RESULTS: Readonly<Record<string, Type>> = {
  all: 'bool',
  any: 'bool',
  one: 'bool',
  none: 'bool',
  count: 'int',
  findIndex: 'int',
  findLastIndex: 'int',
  filter: '[]interface {}',
  map: '[]interface {}',
  sortBy: '[]interface {}',
  groupBy: 'map[string]interface {}',
};

/** The type of a binary operation, or undefined when the operands can never fit. */
function resultType(operator: string, left: Type, right: Type): Type | undefined {
  const either = left === 'any' || right === 'any';
  const fits = (...types: readonly Type[]): boolean =>
    (left === 'any' || types.includes(left)) && (right === 'any' || types.includes(right));
  const numbers = fits('int', 'float64');
  switch (operator) {
    case '==':
    case '!=':
      return either ||
        left === 'nil' ||
        right === 'nil' ||
        numbers ||
        left === right ||
        (left.startsWith('[]') && right.startsWith('[]'))
        ? 'bool'
        : undefined;
    case '<':
    case '>':
    case '<=':
    case '>=':
      return numbers || fits('string') || fits(TIME) || fits(DURATION) ? 'bool' : undefined;
    case '&&':
    case '||':
      return fits('bool') ? 'bool' : undefined;
    case 'in':
      return right === 'any' ||
        right === 'nil' ||
        right.startsWith('[]') ||
        (isMapType(right) && (left === 'string' || left === 'any'))
        ? 'bool'
        : undefined;
    case 'matches':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return fits('string') ? 'bool' : undefined;
    case '+':
    case '-':
    case '*':
      return arithmeticType(operator, left, right, numbers, either);
    case '/':
    case '**':
      return numbers ? 'float64' : operator === '/' && fits(DURATION, 'int', 'float64') ? 'any' : undefined;
    case '%':
      return fits('int') ? 'int' : undefined;
    case '..':
      return fits('int') ? '[]int' : undefined;
    default:
      return left === right ? left : 'any';
  }
}

const TIME_ARITHMETIC: Readonly<Record<string, readonly (readonly [left: Type, right: Type, result: Type])[]>> = {
  '+': [
    ['string', 'string', 'string'],
    [TIME, DURATION, TIME],
    [DURATION, TIME, TIME],
    [DURATION, DURATION, DURATION],
  ],
  '-': [
    [TIME, TIME, DURATION],
    [TIME, DURATION, TIME],
    [DURATION, DURATION, DURATION],
  ],
  '*': [
    [DURATION, 'int', DURATION],
    ['int', DURATION, DURATION],
    [DURATION, 'float64', DURATION],
    ['float64', DURATION, DURATION],
  ],
};

function arithmeticType(
  operator: string,
  left: Type,
  right: Type,
  numbers: boolean,
  either: boolean,
): Type | undefined {
  const allowed = TIME_ARITHMETIC[operator] ?? [];
  if (numbers) return either ? 'any' : left === 'int' && right === 'int' ? 'int' : 'float64';
  if (either)
    return allowed.some(([a, b]) => (left === 'any' || left === a) && (right === 'any' || right === b))
      ? 'any'
      : undefined;
  return allowed.find(([a, b]) => a === left && b === right)?.[2];
}
