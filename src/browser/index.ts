export { completePopup } from './complete-popup.ts'
