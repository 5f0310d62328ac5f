//! What the agent adds to a history: the model's reply, and the results of its calls.
