/** Query text to tree, on the official grammar (spec promql §2). */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import type { Aggregate, AggregateOperator, Binary, BinaryOperator, Expr, Matching, VectorSelector } from './ast.ts';
import { checkTypes } from './check.ts';
import { parseDurationMs, parseNumber } from './duration.ts';
import { PromqlError, parseError, type Span, unsupportedError } from './errors.ts';
import { METRIC_NAME } from './labels.ts';
import { compileMatcher, type Matcher, type MatchOperator, nameMatcher } from './matcher.ts';
import { applyPostfix, type Postfix } from './postfix.ts';
import { SIGNATURES, UNSUPPORTED_FUNCTIONS } from './signatures.ts';
import { unquote } from './string-literal.ts';

export interface ParseOptions {
  /** Functions behind Prometheus's feature flag of that name; off by default, as there. */
  readonly experimentalFunctions?: boolean;
}

/**
 * Parses and type-checks a query.
 *
 * @throws PromqlError (`bad_data`) with line and column: for text that is no PromQL, and for PromQL that is not
 *   reproduced (native histograms, `info`, fill modifiers, `anchored`, `smoothed`, duration expressions, limit_ratio).
 */
export function parseQuery(text: string, options: ParseOptions = {}): Expr {
  if (text.trim() === '') throw parseError(text, 0, 'no expression found in input');
  const tree = parser.parse(spellNewNames(blankTrailingDots(text)));
  rejectErrors(text, tree.topNode);
  const top = expressionsOf(tree.topNode)[0];
  if (top === undefined) throw parseError(text, 0, 'no expression found in input');
  const expr = new Builder(text).build(top);
  checkTypes(expr, text, options.experimentalFunctions === true);
  sources.set(expr, text);
  return expr;
}

/**
 * The matchers of a selector alone, as `match[]` and the input of rule tests have it.
 *
 * @throws PromqlError for anything but a plain instant selector.
 */
export function parseSelector(text: string): readonly Matcher[] {
  const expr = parseQuery(text);
  if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.at !== undefined)
    throw parseError(text, 0, 'a plain series selector was expected');
  return expr.matchers;
}

const sources = new WeakMap<Expr, string>();

/** The text an expression was parsed from; undefined for parts of a query. */
export function sourceOf(expr: Expr): string | undefined {
  return sources.get(expr);
}

/** PromQL takes `2.` for 2, the grammar does not: the dot becomes a blank, so that places in the text stay. */
function blankTrailingDots(text: string): string {
  if (!/\d\.(?!\d)/.test(text)) return text;
  const parts = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*|(?<![\w.])\d+\.(?![\w.])/gs;
  return text.replace(parts, (part) => (/^\d/.test(part) ? `${part.slice(0, -1)} ` : part));
}

/** Functions younger than the grammar pass as a known one of the same length; the name is read from the text itself. */
function spellNewNames(text: string): string {
  if (!/m(?:in|ax)_of/.test(text)) return text;
  const parts = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*|(?<![\w.:])(?:min_of|max_of)(?=\s*\()/gs;
  return text.replace(parts, (part) => (part === 'min_of' || part === 'max_of' ? 'minute' : part));
}

function rejectErrors(text: string, top: SyntaxNode): void {
  top.cursor().iterate((node) => {
    if (!node.type.isError) return;
    const found = text.slice(node.from, Math.max(node.to, node.from + 12)).split(/\s/)[0] ?? '';
    const call = /([a-zA-Z_]\w*)\s*$/.exec(text.slice(0, node.from));
    if (text[node.from] === '(' && call !== null && UNSUPPORTED_FUNCTIONS.has(call[1]!))
      throw unsupportedError(text, call.index, `function "${call[1]}" is not supported`);
    if (text[node.from] === '(' && call !== null && !SIGNATURES.has(call[1]!))
      throw parseError(text, call.index, `unknown function with name "${call[1]}"`);
    throw parseError(
      text,
      node.from,
      node.from >= text.trimEnd().length ? 'unexpected end of input' : `unexpected "${found}"`,
    );
  });
}

/** One item of a chain of operators; the grammar's own nesting of signs and postfixes is not that of PromQL. */
type Item =
  | { kind: 'atom'; expr: Expr }
  | { kind: 'sign'; operator: '-' | '+'; span: Span }
  | { kind: 'postfix'; postfix: Postfix }
  | { kind: 'operator'; operator: BinaryOperator; node: SyntaxNode };

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '<': 3,
  '>=': 3,
  '<=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};

const NOT_REPRODUCED: Readonly<Record<string, string>> = {
  AnchoredExpr: 'the modifier "anchored"',
  SmoothedExpr: 'the modifier "smoothed"',
  FillModifier: 'a fill modifier',
  TrimUpper: 'the operator "</"',
  TrimLower: 'the operator ">/"',
  LimitRatio: 'the aggregation "limit_ratio"',
};

class Builder {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  build(node: SyntaxNode): Expr {
    const items: Item[] = [];
    this.#flatten(node, items);
    const chain = new Chain(this.#text, items, this);
    return chain.parse(0);
  }

  matching(node: SyntaxNode, operator: BinaryOperator): Pick<Binary, 'bool' | 'matching'> {
    this.#refuse(node.getChild('FillModifier'));
    const clause = node.getChild('MatchingModifierClause');
    const isSet = operator === 'and' || operator === 'or' || operator === 'unless';
    const bool = node.getChild('BoolModifier') !== null;
    if (clause === null)
      return {
        bool,
        matching: { on: false, labels: [], cardinality: isSet ? 'many-to-many' : 'one-to-one', include: [] },
      };
    const [labels, include] = clause.getChildren('GroupingLabels').map((group) => this.#groupingLabels(group));
    const cardinality: Matching['cardinality'] =
      clause.getChild('GroupLeft') !== null
        ? 'many-to-one'
        : clause.getChild('GroupRight') !== null
          ? 'one-to-many'
          : isSet
            ? 'many-to-many'
            : 'one-to-one';
    return {
      bool,
      matching: { on: clause.getChild('On') !== null, labels: labels ?? [], cardinality, include: include ?? [] },
    };
  }

  #flatten(node: SyntaxNode, items: Item[]): void {
    this.#refuse(node);
    const inner = expressionsOf(node);
    if (node.name === 'BinaryExpr') this.#flattenBinary(node, items);
    else if (node.name === 'UnaryExpr') {
      items.push({ kind: 'sign', operator: this.#textOf(node).startsWith('-') ? '-' : '+', span: node });
      this.#flatten(inner[0]!, items);
    } else if (['OffsetExpr', 'StepInvariantExpr', 'MatrixSelector', 'SubqueryExpr'].includes(node.name)) {
      this.#flatten(inner[0]!, items);
      items.push({ kind: 'postfix', postfix: this.#postfix(node) });
    } else if (node.name === 'NumberDurationLiteral') this.#flattenNumber(node, items);
    else items.push({ kind: 'atom', expr: this.#atom(node) });
  }

  #flattenBinary(node: SyntaxNode, items: Item[]): void {
    const [left, right] = expressionsOf(node);
    this.#flatten(left!, items);
    const operatorNode = left!.nextSibling!;
    this.#refuse(operatorNode);
    items.push({ kind: 'operator', operator: this.#textOf(operatorNode).toLowerCase() as BinaryOperator, node });
    this.#flatten(right!, items);
  }

  #flattenNumber(node: SyntaxNode, items: Item[]): void {
    const [, sign, digits = ''] = /^([+-]?)\s*(.*)$/s.exec(this.#textOf(node)) ?? [];
    if (sign === '-' || sign === '+') items.push({ kind: 'sign', operator: sign, span: node });
    items.push({
      kind: 'atom',
      expr: { kind: 'number', span: { from: node.to - digits.length, to: node.to }, value: this.#number(digits, node) },
    });
  }

  #atom(node: SyntaxNode): Expr {
    const span = { from: node.from, to: node.to };
    switch (node.name) {
      case 'ParenExpr':
        return { kind: 'paren', span, expr: this.build(expressionsOf(node)[0]!) };
      case 'StringLiteral':
        return { kind: 'string', span, value: this.#string(node) };
      case 'VectorSelector':
        return this.#selector(node);
      case 'FunctionCall':
        return { kind: 'call', span, name: this.#functionName(node), args: this.#args(node) };
      case 'AggregateExpr':
        return this.#aggregate(node);
      default:
        throw parseError(this.#text, node.from, `unexpected ${node.name}`);
    }
  }

  /** The grammar takes function names in any case, PromQL does not. */
  #functionName(node: SyntaxNode): string {
    const name = this.#textOf(node.getChild('FunctionIdentifier')!);
    if (SIGNATURES.has(name)) return name;
    throw unsupportedError(this.#text, node.from, `function "${name}" is not supported`);
  }

  #args(node: SyntaxNode): Expr[] {
    return expressionsOf(node.getChild('FunctionCallBody')!).map((arg) => this.build(arg));
  }

  #aggregate(node: SyntaxNode): Aggregate {
    const operatorNode = node.getChild('AggregateOp')!;
    this.#refuse(operatorNode.firstChild);
    const operator = this.#textOf(operatorNode).toLowerCase() as AggregateOperator;
    const modifier = node.getChild('AggregateModifier');
    const args = this.#args(node);
    const wanted = ['topk', 'bottomk', 'limitk', 'quantile', 'count_values'].includes(operator) ? 2 : 1;
    if (args.length === 0) throw parseError(this.#text, node.from, 'no arguments for aggregate expression provided');
    if (args.length !== wanted)
      throw parseError(
        this.#text,
        node.from,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    return {
      kind: 'aggregate',
      span: { from: node.from, to: node.to },
      operator,
      without: modifier?.getChild('Without') != null,
      labels: modifier === null ? [] : this.#groupingLabels(modifier.getChild('GroupingLabels')!),
      param: wanted === 2 ? args[0]! : undefined,
      expr: args.at(-1)!,
    };
  }

  #groupingLabels(node: SyntaxNode): string[] {
    const names: string[] = [];
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      if (child.name === 'LabelName') names.push(this.#textOf(child));
      else if (child.name === 'QuotedLabelName') names.push(this.#string(child.firstChild!));
    }
    return names;
  }

  #selector(node: SyntaxNode): VectorSelector {
    const matchers: Matcher[] = [];
    const identifier = node.getChild('Identifier');
    let metricName = identifier === null ? '' : this.#textOf(identifier);
    const list = node.getChild('LabelMatchers');
    for (let child = list?.firstChild ?? null; child !== null; child = child.nextSibling) {
      if (child.name === 'QuotedLabelName') {
        const quoted = this.#string(child.firstChild!);
        if (metricName !== '')
          throw parseError(this.#text, node.from, `metric name must not be set twice: "${metricName}" or "${quoted}"`);
        metricName = quoted;
      } else if (child.name.endsWith('LabelMatcher')) matchers.push(this.#matcher(child));
    }
    const twice = matchers.find((matcher) => matcher.name === METRIC_NAME);
    if (metricName !== '' && twice !== undefined)
      throw parseError(this.#text, node.from, `metric name must not be set twice: "${metricName}" or "${twice.value}"`);
    if (metricName !== '') matchers.push(nameMatcher(metricName));
    if (matchers.every((matcher) => matcher.matches('')))
      throw parseError(this.#text, node.from, 'vector selector must contain at least one non-empty matcher');
    if (metricName === '' && twice?.operator === '=') metricName = twice.value;
    return { kind: 'selector', span: { from: node.from, to: node.to }, metricName, matchers, offsetMs: 0 };
  }

  #matcher(node: SyntaxNode): Matcher {
    const quoted = node.getChild('QuotedLabelName');
    const name = quoted === null ? this.#textOf(node.getChild('LabelName')!) : this.#string(quoted.firstChild!);
    const operator = this.#textOf(node.getChild('MatchOp')!) as MatchOperator;
    try {
      return compileMatcher(name, operator, this.#string(node.getChild('StringLiteral')!));
    } catch (error) {
      if (error instanceof PromqlError) throw error;
      throw parseError(this.#text, node.from, error instanceof Error ? error.message : String(error));
    }
  }

  #postfix(node: SyntaxNode): Postfix {
    if (node.name === 'OffsetExpr')
      return { kind: 'offset', offsetMs: this.#durationMs(node.getChild('OffsetDurationExpr')!), to: node.to };
    if (node.name === 'StepInvariantExpr') return this.#at(node);
    const durations = node.getChildren('DurationExpr').map((duration) => this.#durationMs(duration));
    const [rangeMs = 0, stepMs] = durations;
    const at = node.getChild('DurationExpr')!.from;
    if (durations.some((ms) => ms <= 0)) throw parseError(this.#text, at, 'duration must be greater than 0');
    if (node.name === 'MatrixSelector') return { kind: 'range', rangeMs, at, to: node.to };
    return { kind: 'subquery', rangeMs, stepMs, at, to: node.to };
  }

  #at(node: SyntaxNode): Postfix {
    const word = node.getChild('AtModifierPreprocessors');
    if (word !== null)
      return { kind: 'at', at: { kind: this.#textOf(word).toLowerCase() as 'start' | 'end' }, to: node.to };
    const literal = expressionsOf(node)[1]!;
    const [, sign, digits = ''] = /^([+-]?)\s*(.*)$/s.exec(this.#textOf(literal)) ?? [];
    const seconds = this.#number(digits, literal) * (sign === '-' ? -1 : 1);
    if (!Number.isFinite(seconds))
      throw parseError(this.#text, literal.from, `timestamp out of bounds for @ modifier: ${seconds}`);
    return { kind: 'at', at: { kind: 'timestamp', tMs: Math.round(seconds * 1000) }, to: node.to };
  }

  /** Only a literal with an optional sign; arithmetic on durations is experimental upstream. */
  #durationMs(node: SyntaxNode): number {
    const [, sign, text = ''] = /^([+-]?)\s*(.*)$/s.exec(this.#textOf(node)) ?? [];
    const literal = /^[\w.]+(?:[eE][+-]\d+)?$/.test(text)
      ? (parseDurationMs(text) ?? (parseNumber(text) ?? Number.NaN) * 1000)
      : Number.NaN;
    if (Number.isNaN(literal))
      throw unsupportedError(
        this.#text,
        node.from,
        'duration expressions are not supported; write a literal such as 5m',
      );
    if (!Number.isFinite(literal)) throw parseError(this.#text, node.from, 'duration out of range');
    return Math.round(sign === '-' ? -literal : literal);
  }

  #number(digits: string, node: SyntaxNode): number {
    const value = parseNumber(digits);
    if (value === undefined) throw parseError(this.#text, node.from, `error parsing number: "${digits}"`);
    return value;
  }

  #string(node: SyntaxNode): string {
    try {
      return unquote(this.#textOf(node));
    } catch (error) {
      throw parseError(this.#text, node.from, error instanceof Error ? error.message : String(error));
    }
  }

  #refuse(node: SyntaxNode | null): void {
    const what = node === null ? undefined : NOT_REPRODUCED[node.name];
    if (what !== undefined) throw unsupportedError(this.#text, node!.from, `${what} is not supported`);
  }

  #textOf(node: Span): string {
    return this.#text.slice(node.from, node.to);
  }
}

/** Operator precedence over a flat chain: postfix, `^`, sign, the others. */
class Chain {
  readonly #text: string;
  readonly #items: readonly Item[];
  readonly #builder: Builder;
  #position = 0;

  constructor(text: string, items: readonly Item[], builder: Builder) {
    this.#text = text;
    this.#items = items;
    this.#builder = builder;
  }

  parse(precedenceMin: number): Expr {
    let left = this.#operand();
    for (;;) {
      const item = this.#items[this.#position];
      if (item?.kind !== 'operator' || PRECEDENCE[item.operator] < precedenceMin) return left;
      this.#position += 1;
      const precedence = PRECEDENCE[item.operator];
      const right = this.parse(item.operator === '^' ? precedence : precedence + 1);
      const span = { from: left.span.from, to: right.span.to };
      left = {
        kind: 'binary',
        span,
        operator: item.operator,
        left,
        right,
        ...this.#builder.matching(item.node, item.operator),
      };
    }
  }

  #operand(): Expr {
    const item = this.#items[this.#position];
    this.#position += 1;
    if (item?.kind === 'sign') {
      const expr = this.parse(PRECEDENCE['^']);
      const span = { from: item.span.from, to: expr.span.to };
      if (expr.kind === 'number') return { ...expr, span, value: item.operator === '-' ? -expr.value : expr.value };
      return { kind: 'unary', span, operator: item.operator, expr };
    }
    if (item?.kind !== 'atom') throw parseError(this.#text, 0, 'unexpected operator');
    let expr = item.expr;
    for (let next = this.#items[this.#position]; next?.kind === 'postfix'; next = this.#items[this.#position]) {
      expr = applyPostfix(expr, next.postfix, this.#text);
      this.#position += 1;
    }
    return expr;
  }
}

const EXPRESSIONS = new Set([
  'AggregateExpr',
  'BinaryExpr',
  'FunctionCall',
  'MatrixSelector',
  'NumberDurationLiteral',
  'OffsetExpr',
  'AnchoredExpr',
  'SmoothedExpr',
  'ParenExpr',
  'StringLiteral',
  'SubqueryExpr',
  'UnaryExpr',
  'VectorSelector',
  'StepInvariantExpr',
]);

function expressionsOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (EXPRESSIONS.has(child.name)) found.push(child);
  return found;
}
