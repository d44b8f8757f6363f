import { rejects } from '../runner.ts'

/** The answer is an error, and comes as a form. */
export default rejects('interaction_required', 'authorize', ({ signIn }) =>
  signIn({ maxAge: 0, prompt: 'none', responseMode: 'form_post' }),
)
