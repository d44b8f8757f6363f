/** Text from outside without what a terminal or a page would act on: control characters, line ends, marks that reorder text. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]+/gu, ' ')
