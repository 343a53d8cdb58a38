// What each coordinate of the schema asks of a caller, read from the directives in its text. The gateway decides by
// the same directives; this is for the documentation alone, and nothing is let in or kept out by it.

import type {
  ConstDirectiveNode,
  DocumentNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  TypeNode,
} from 'graphql';

/** One condition on a caller. */
export type Need =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'anyone' }
  | { readonly kind: 'signedIn' }
  | { readonly kind: 'permission'; readonly permission: string; readonly action: string };

/** What a caller holds: the actions by permission, or null for a guest. */
export type Holding = ReadonlyMap<string, readonly string[]> | null;

const nobody: Need = { kind: 'nobody' };
const anyone: Need = { kind: 'anyone' };
const personalData: Need = { kind: 'permission', permission: 'PERSONAL_DATA', action: 'READ' };

interface ObjectRules {
  readonly own: Need | undefined;
  readonly fields: ReadonlyMap<string, FieldDefinitionNode>;
}

/** The rules of a schema, given as it is written. */
export class Rules {
  readonly #objects = new Map<string, ObjectRules>();
  readonly #roots = new Set(['Query', 'Mutation', 'Subscription']);

  constructor(schema: DocumentNode) {
    for (const node of schema.definitions) {
      if (node.kind === 'SchemaDefinition') {
        node.operationTypes.forEach((root) => this.#roots.add(root.type.name.value));
      }
      if (node.kind !== 'ObjectTypeDefinition' && node.kind !== 'ObjectTypeExtension') {
        continue;
      }
      const before = this.#objects.get(node.name.value);
      const fields = new Map(before?.fields);
      node.fields?.forEach((field) => fields.set(field.name.value, field));
      this.#objects.set(node.name.value, { own: before?.own ?? written(node.directives), fields });
    }
  }

  /** What it takes to know that an object of the type is there; undefined for what is no object type. */
  object(type: string): readonly Need[] | undefined {
    return this.#objects.has(type) ? conjoin([this.#object(type)]) : undefined;
  }

  /** What it takes to select a field of an object type: its rule, and that of the object which it returns. */
  field(type: string, name: string): readonly Need[] {
    const field = this.#objects.get(type)?.fields.get(name);
    if (!field) {
      return [nobody];
    }
    const needs = [this.#field(type, field)];
    const returned = named(field.type);
    if (this.#objects.has(returned)) {
      needs.push(this.#object(returned));
    }
    return conjoin(needs);
  }

  /** What it takes to give an argument, or a field of an input. A filter reads the field that it asks about. */
  input(node: InputValueDefinitionNode): readonly Need[] {
    const needs = [written(node.directives) ?? anyone];
    const filters = find(node.directives, 'filters');
    if (filters) {
      const [type = '', name = ''] = (argument(filters, 'field') ?? '').split('.');
      const target = this.#objects.get(type)?.fields.get(name);
      needs.push(target ? this.#field(type, target) : nobody, this.#object(type));
      if (this.masked(type, name)) {
        needs.push(personalData);
      }
    }
    return conjoin(needs);
  }

  /** Whether the field is personal data, which is masked for who lacks PERSONAL_DATA. */
  masked(type: string, name: string): boolean {
    const field = this.#objects.get(type)?.fields.get(name);
    return find(field?.directives, 'personalData') !== undefined;
  }

  #field(type: string, field: FieldDefinitionNode): Need {
    return written(field.directives) ?? this.#objects.get(type)?.own ?? nobody;
  }

  #object(type: string): Need {
    return this.#objects.get(type)?.own ?? (this.#roots.has(type) ? anyone : nobody);
  }
}

/** Those of the needs that a caller does not meet. */
export function missing(needs: readonly Need[], holding: Holding): readonly Need[] {
  return needs.filter((need) => !met(need, holding));
}

/** Whether the caller sees personal data as it is. */
export function seesPersonalData(holding: Holding): boolean {
  return met(personalData, holding);
}

function met(need: Need, holding: Holding): boolean {
  switch (need.kind) {
    case 'nobody':
      return false;
    case 'anyone':
      return true;
    case 'signedIn':
      return holding !== null;
    case 'permission':
      return holding?.get(need.permission)?.includes(need.action) ?? false;
  }
}

/** The rule that directives write down, if one of them does. */
function written(directives: readonly ConstDirectiveNode[] | undefined): Need | undefined {
  for (const directive of directives ?? []) {
    switch (directive.name.value) {
      case 'public':
        return anyone;
      case 'signedIn':
        return { kind: 'signedIn' };
      case 'hasPermission': {
        const permission = argument(directive, 'permission');
        return permission
          ? { kind: 'permission', permission, action: argument(directive, 'action') ?? 'READ' }
          : nobody;
      }
    }
  }
  return undefined;
}

function find(directives: readonly ConstDirectiveNode[] | undefined, name: string): ConstDirectiveNode | undefined {
  return directives?.find((directive) => directive.name.value === name);
}

function argument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((given) => given.name.value === name)?.value;
  return value?.kind === 'EnumValue' || value?.kind === 'StringValue' ? value.value : undefined;
}

function named(type: TypeNode): string {
  return type.kind === 'NamedType' ? type.name.value : named(type.type);
}

const strength = { anyone: 1, signedIn: 2, permission: 3, nobody: 4 } as const;

/** What all the needs come to: the strongest kind alone, sorted, nothing twice. */
function conjoin(needs: readonly Need[]): readonly Need[] {
  const strongest = Math.max(...needs.map((need) => strength[need.kind]));
  const distinct = new Map<string, Need>();
  for (const need of needs) {
    if (strength[need.kind] === strongest) {
      distinct.set(need.kind === 'permission' ? `${need.permission} ${need.action}` : need.kind, need);
    }
  }
  return [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, need]) => need);
}
