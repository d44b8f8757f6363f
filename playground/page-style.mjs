/** The look that the sign-in pages and the start page share: plain, self-contained, light and dark. */
export const style = `
:root { color-scheme: light dark; --line: #8a94a6; --soft: #eef2f8; --accent: #0b57d0; --ink: #16202e; --paper: #fff; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --line: #76829a; --soft: #1a2434; --accent: #9cc2ff; --ink: #e8edf5; --paper: #101722; --bad: #ffb4ab } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--soft); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--paper); border-radius: .75rem; box-shadow: 0 1px 3px #0003 }
main.wide { max-width: 46rem }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.25 }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.05rem }
p { margin: .5rem 0 }
a { color: var(--accent) }
label { display: block; margin-top: 1rem; font-weight: 600 }
input { width: 100%; margin-top: .25rem; padding: .6rem .7rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: .4rem }
button { width: 100%; margin-top: 1.25rem; padding: .65rem; font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: .4rem;
  background: var(--accent); color: var(--paper); cursor: pointer }
button.quiet { margin-top: .6rem; background: transparent; color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.error { padding: .6rem .7rem; border-left: 4px solid var(--bad); color: var(--bad) }
.note { font-size: .875rem; opacity: .85 }
table { width: 100%; border-collapse: collapse }
th, td { padding: .4rem .5rem .4rem 0; text-align: left; border-bottom: 1px solid color-mix(in srgb, var(--line) 40%, transparent) }
code { font: .9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
pre { margin: .5rem 0; padding: .7rem .9rem; overflow-x: auto; background: var(--soft); border-radius: .4rem }
.scroll { overflow-x: auto }
`

/**
 * Makes text safe inside HTML and quoted attributes.
 *
 * @param {unknown} text
 */
export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
