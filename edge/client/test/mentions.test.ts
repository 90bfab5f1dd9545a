import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mentionAt, mentionsIn, spell, suggest } from '../src/mentions.ts';

const people = ['Ada', 'Ann', 'Ann Lee', 'Zoë', 'grace_h'].map((name) => ({ id: name, name }));
const idsIn = (text: string): string[] => mentionsIn(text, people).map(({ id }) => id);

test('names are found where the room finds them', () => {
  assert.deepEqual(idsIn('hi @ada, look'), ['Ada']);
  assert.deepEqual(idsIn('@ann lee and @Ann'), ['Ann Lee', 'Ann']);
  assert.deepEqual(idsIn('@"Ann Lee"!'), ['Ann Lee']);
  assert.deepEqual(idsIn('@zoë @ZOË @grace_h.'), ['Zoë', 'Zoë', 'grace_h']);
  assert.deepEqual(idsIn('mail ada@ada.example, @adam, @ada_x, @ nobody @'), []);
  const [quoted] = mentionsIn('so, @"Ann Lee"!', people);
  assert.deepEqual([quoted?.from, quoted?.to], [4, 14]);
});

test('what is being written after an @ is found at the caret', () => {
  assert.deepEqual(mentionAt('hello @an', 9), { from: 6, typed: 'an' });
  assert.deepEqual(mentionAt('hello @an and', 9), { from: 6, typed: 'an' });
  assert.deepEqual(mentionAt('@"Ann L', 7), { from: 0, typed: 'Ann L' });
  assert.deepEqual(mentionAt('@', 1), { from: 0, typed: '' });
  for (const text of ['ada@ad', 'nothing', '@"Ann Lee" x', '@a\nb', `@${'x'.repeat(50)}`]) {
    assert.equal(mentionAt(text, text.length), null, text);
  }
});

test('suggestions start with the name, then with a word of it', () => {
  const names = (typed: string): string[] => suggest(typed, people).map(({ name }) => name);
  assert.deepEqual(names('a'), ['Ada', 'Ann', 'Ann Lee']);
  assert.deepEqual(names('le'), ['Ann Lee']);
  assert.deepEqual(names('ann l'), ['Ann Lee']);
  assert.deepEqual(names('x'), []);
});

test('a name is written so that it is found again', () => {
  for (const { id, name } of people) assert.deepEqual(idsIn(`${spell(name)} hello`), [id]);
  assert.equal(spell('Zoë'), '@Zoë');
  assert.equal(spell('Ann Lee'), '@"Ann Lee"');
});
