// Where the provider sends people back to, with MSAL Browser: nothing but its bridge.
import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge'

broadcastResponseToMainFrame()
