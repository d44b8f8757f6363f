import { describeTables, typesOf } from './moving-tables.ts'

// Whoever moves over has to find every method and option of theirs: the guides are held against what the installed packages declare.
describeTables('playground/from-msal-node/README.md', () => typesOf('node_modules/@azure/msal-node/types/index.d.ts'))
