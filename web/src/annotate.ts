// Writes what each coordinate asks for, and whether the caller has it, in front of its description. GraphiQL shows
// descriptions in the documentation, in completions and where the pointer rests, so the note is in all of them.

import {
  buildASTSchema,
  Kind,
  parse,
  visit,
  type FieldDefinitionNode,
  type GraphQLSchema,
  type InputValueDefinitionNode,
  type ObjectTypeDefinitionNode,
  type StringValueNode,
} from 'graphql';
import { missing, Rules, seesPersonalData, type Holding, type Need } from './rules';
import { list, permission, type Titles } from './words';

/**
 * The schema of a text in the schema definition language, with the notes for one caller. Notes are Markdown: emphasis
 * for what the caller may do, strong emphasis for what they may not, which the style sheet marks with a lock.
 */
export function annotated(sdl: string, holding: Holding, titles: Titles): GraphQLSchema {
  const document = parse(sdl, { noLocation: true });
  const rules = new Rules(document);
  const note = (needs: readonly Need[]) => describe(needs, holding, titles);
  const withNotes = visit(document, {
    ObjectTypeDefinition(type: ObjectTypeDefinitionNode) {
      const fields = type.fields?.map((field) => ({
        ...noted(field, noteOfField(rules, type.name.value, field, holding, titles)),
        arguments: field.arguments?.map((given) => noted(given, noteOfInput(rules, given, note))) ?? [],
      }));
      const own = rules.object(type.name.value);
      return { ...noted(type, own && own[0]?.kind !== 'anyone' ? note(own) : ''), fields: fields ?? [] };
    },
    InputObjectTypeDefinition: {
      leave: (type) => ({
        ...type,
        fields: type.fields?.map((field) => noted(field, noteOfInput(rules, field, note))) ?? [],
      }),
    },
  });
  const schema = buildASTSchema(withNotes, { assumeValidSDL: true });
  schema.description =
    holding === null
      ? 'You are a guest. What has a lock takes signing in, by somebody whose roles hold its permission.'
      : 'What has a lock takes a permission that your roles do not hold. It can be asked for, and is then left out.';
  return schema;
}

function noteOfField(rules: Rules, type: string, field: FieldDefinitionNode, holding: Holding, titles: Titles): string {
  const needs = rules.field(type, field.name.value);
  const note = describe(needs, holding, titles);
  const masked =
    rules.masked(type, field.name.value) && missing(needs, holding).length === 0 && !seesPersonalData(holding);
  return masked ? `${note} **Masked: to see it whole takes ${escaped(permission(titles, 'PERSONAL_DATA'))}.**` : note;
}

/** Most arguments are free to whoever may select the field; that is not worth a note. */
function noteOfInput(rules: Rules, node: InputValueDefinitionNode, note: (needs: readonly Need[]) => string): string {
  const needs = rules.input(node);
  return needs[0]?.kind === 'anyone' ? '' : note(needs);
}

function describe(needs: readonly Need[], holding: Holding, titles: Titles): string {
  const lacking = missing(needs, holding);
  if (lacking.length === 0) {
    return `*${escaped(condition(needs, titles))}.*`;
  }
  switch (lacking[0]!.kind) {
    case 'permission':
      return holding === null
        ? `***Locked: sign in with ${escaped(permissions(lacking, titles))}.***`
        : `***Locked: needs ${escaped(permissions(lacking, titles))}, which you do not hold.***`;
    case 'signedIn':
      return '***Locked: sign in to use it.***';
    default:
      return '***Locked: open to nobody.***';
  }
}

function condition(needs: readonly Need[], titles: Titles): string {
  switch (needs[0]?.kind) {
    case 'permission':
      return `Needs ${permissions(needs, titles)}`;
    case 'signedIn':
      return 'Any signed-in caller';
    default:
      return 'Anyone';
  }
}

function permissions(needs: readonly Need[], titles: Titles): string {
  return list(
    needs.flatMap((need) => (need.kind === 'permission' ? [permission(titles, need.permission, need.action)] : [])),
  );
}

/** Titles come from the matrix, which whoever runs the gateway may replace; they are text, not Markdown. */
function escaped(text: string): string {
  return text.replace(/[\\`*[\]<>!#~]/g, '\\$&');
}

/** The node with the note before its description, in one paragraph: of a list's entries only the first is shown. */
function noted<N extends { readonly description?: StringValueNode | undefined }>(node: N, note: string): N {
  if (note === '') {
    return node;
  }
  const before = node.description?.value ?? '';
  return { ...node, description: { kind: Kind.STRING, value: before ? `${note}\\\n${before}` : note, block: true } };
}
