import fc from 'fast-check'

/** Each mutant meets each property, so a property has half a second of cases instead of all. */
fc.configureGlobal({ interruptAfterTimeLimit: 500 })
