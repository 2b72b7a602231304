"""Whether similar patients get similar predictions."""
