// Where the provider sends a popup back to, with msal-isomorphic.
import { completePopup } from 'msal-isomorphic/browser'

completePopup()
