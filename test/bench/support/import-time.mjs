/** Prints the milliseconds that the import of a module takes in a fresh process: `import-time.mjs <specifier>`. */
const begin = performance.now()
await import(process.argv[2])
console.log(performance.now() - begin)
