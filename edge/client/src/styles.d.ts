/** Style sheets are imported for esbuild to bundle; as text, for one that is loaded with its code. */
declare module '*.css' {
  const text: string;
  export default text;
}
