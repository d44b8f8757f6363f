export { type Accounts, accounts } from './accounts.ts'
export { completePopup } from './complete-popup.ts'
export { type IndexedDbStoreOptions, indexedDbStore } from './indexed-db-store.ts'
