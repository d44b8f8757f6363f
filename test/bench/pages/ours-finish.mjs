import { completePopup } from 'msal-isomorphic/browser'

completePopup()
