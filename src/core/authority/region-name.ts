/** Whether a text can be a region's name: it becomes part of the host that credentials are sent to. */
export const isRegion = (text: string): boolean => /^[a-z\d]{1,40}$/.test(text)
