// Where an invited user sets a password. The invitation's token comes in the address's fragment, which browsers send to
// nobody, and is kept in this module alone.

import '../style/colors.css';
import '../style/forms.css';
import './accept.css';
import { dataOf, read, Refusal, request, send } from '../api';
import { fragment } from '../fragment';

const token = fragment('token');
const form = element<HTMLFormElement>('accept');
const problem = element('problem');
const done = element('done');
const password = form.elements.namedItem('password') as HTMLInputElement;
const again = form.elements.namedItem('again') as HTMLInputElement;
const button = form.querySelector('button')!;

if (token) {
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit();
  });
} else {
  problem.textContent = 'This link has no invitation in it. Open the link of your invitation once more, in full.';
}

async function submit(): Promise<void> {
  if (button.disabled) {
    return;
  }
  problem.textContent = '';
  if (password.value !== again.value) {
    return refuse('The two passwords are not the same.', again);
  }
  button.disabled = true;
  try {
    const email = await accept(password.value);
    form.remove();
    const link = document.createElement('a');
    link.href = `/#${new URLSearchParams({ email })}`;
    link.textContent = `Sign in as ${email}`;
    done.replaceChildren('Your password is set. ', link);
    done.focus();
  } catch (error) {
    refuse(error instanceof Refusal ? error.message : 'The password could not be set.', password);
  } finally {
    button.disabled = false;
  }
}

/** Accepts the invitation and returns whose it was; a Refusal says why not. */
async function accept(chosen: string): Promise<string> {
  const operation = {
    query: 'mutation Accept($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { email } }',
    variables: { input: { token, password: chosen } },
  };
  const response = await send((path, init) => fetch(path, init), '/graphql', request(operation));
  return dataOf(await read<{ acceptInvitation: { email: string } }>(response)).acceptInvitation.email;
}

function refuse(message: string, at: HTMLInputElement): void {
  problem.textContent = message;
  at.focus();
  at.select();
}

function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}
