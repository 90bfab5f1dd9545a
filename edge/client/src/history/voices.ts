/**
 * The colours of a history's authors. Each has the colour that the living room shows, unless an author who came
 * before has it: in a text, two people of one colour are one.
 */
import { colorOf, VOICES } from '../presence.ts';

export class Voices {
  private readonly given = new Map<string, string>();

  of(author: string): string {
    const known = this.given.get(author);
    if (known !== undefined) return known;
    const color = this.choose(colorOf(author));
    this.given.set(author, color);
    return color;
  }

  private choose(wanted: string): string {
    const taken = new Set(this.given.values());
    const start = VOICES.indexOf(wanted);
    const around = [...VOICES.slice(start), ...VOICES.slice(0, start)];
    // With more people than colours, some have to share.
    return around.find((color) => !taken.has(color)) ?? wanted;
  }
}
